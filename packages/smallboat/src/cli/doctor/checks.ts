import { access, constants, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Settings, loadSettings } from '../../config/index.ts';
import { type StoreSpec, checkStore, readMetaflowConfig } from '../../flow/index.ts';
import { type Io, SmallboatError, VERSION, isMissing, isTraced, messageOf } from '../../kernel/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { storeOf } from '../store-of.ts';
import { type Finding, failedBy } from './finding.ts';

/** Looks at everything that is configured, each part after what it needs. */
export async function examine(args: { readonly home?: string | undefined }, io: Io): Promise<readonly Finding[]> {
  const findings: Finding[] = [runtime()];
  const settings = await noting(findings, 'configuration', () => loadSettings({ folder: io.cwd, env: io.env }));
  if (!settings) return findings;
  findings.push(await configuration(settings, io));
  const home = args.home === undefined ? settings.home : resolve(io.cwd, args.home);
  findings.push(await homeFolder(home));
  const metaflow = await noting(findings, 'Metaflow', async () => metaflowConfiguration(io));
  if (metaflow) findings.push(metaflow);
  const isBroken = findings.some(({ area, state }) => area === 'Metaflow' && state === 'failed');
  const store =
    isBroken && args.home === undefined
      ? undefined
      : await noting(findings, 'runs', async () => storeOf({ home, isSaid: args.home !== undefined, settings }, io));
  if (store) findings.push(runs(store), ...(await storeParts(store)));
  findings.push(await warehouse(settings, io));
  if (isTraced(io.env)) findings.push(...((await noting(findings, 'OpenTelemetry', () => collectors(io))) ?? []));
  return findings;
}

async function noting<T>(findings: Finding[], area: string, check: () => Promise<T>): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    findings.push(failedBy(area, error));
    return undefined;
  }
}

function runtime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const found = `smallboat ${VERSION} on Node ${process.versions.node}`;
  if (major > 22 || (major === 22 && minor >= 18)) return { area: 'runtime', state: 'ok', found };
  return { area: 'runtime', state: 'failed', found, fix: 'Node 22.18 or later is needed: install it.' };
}

async function configuration({ profile }: Settings, io: Io): Promise<Finding> {
  const path = join(io.cwd, 'smallboat.config.ts');
  const isThere = await exists(path);
  const found = isThere ? `${path}, profile ${profile}` : `no smallboat.config.ts in ${io.cwd}: defaults hold`;
  return { area: 'configuration', state: 'ok', found };
}

async function homeFolder(home: string): Promise<Finding> {
  let folder = home;
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    await access(folder, constants.W_OK);
    const isFolder = (await stat(folder)).isDirectory();
    if (isFolder)
      return { area: 'home', state: 'ok', found: folder === home ? home : `${home}, made when it is needed` };
    return { area: 'home', state: 'failed', found: `${folder} is a file`, fix: 'Name a folder with --home.' };
  } catch (error) {
    const problem = messageOf(error);
    return { area: 'home', state: 'failed', found: problem, fix: 'Give access to it, or name another with --home.' };
  }
}

async function metaflowConfiguration({ env, cwd }: Io): Promise<Finding | undefined> {
  const { profile, files } = readMetaflowConfig({ env, cwd });
  const variables = Object.keys(env).filter((name) => name.startsWith('METAFLOW_'));
  if (files.length === 0 && variables.length === 0) return undefined;
  const from = [...files, ...(variables.length > 0 ? [`${variables.length} variables of the environment`] : [])];
  const of = profile === undefined ? '' : `, profile ${profile}`;
  return { area: 'Metaflow', state: 'ok', found: `configured by ${from.join(' and ')}${of}` };
}

function runs({ folder, user, datastore, metadata, isConfigured }: StoreSpec): Finding {
  const where = isConfigured ? 'where Metaflow’s configuration says' : `in ${join(folder, '.metaflow')}`;
  const parts = [datastore ? 'artifacts in S3' : '', metadata ? 'metadata in the service' : ''].filter(Boolean);
  const found = `kept ${where}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}${user === undefined ? '' : `, as ${user}`}`;
  return { area: 'runs', state: 'ok', found };
}

async function storeParts(store: StoreSpec): Promise<readonly Finding[]> {
  // Nothing is made where nobody has run anything yet.
  if (!store.datastore && !store.metadata && !(await exists(join(store.folder, '.metaflow')))) {
    return [{ area: 'datastore', state: 'note', found: 'no run yet: it is made with the first' }];
  }
  return (await checkStore(store)).map(({ part, location, detail = '', error }) =>
    error ? failedBy(part, error) : { area: part, state: 'ok', found: `${location}: ${detail}` },
  );
}

async function warehouse(settings: Settings, { cwd }: Io): Promise<Finding> {
  const url = settings.warehouse ?? `duckdb:${join(settings.home, 'warehouse.duckdb')}`;
  const path = /^duckdb:(?!:memory:)(.+)$/.exec(url)?.[1];
  if (path !== undefined && !(await exists(resolve(cwd, path)))) {
    return { area: 'warehouse', state: 'note', found: `${shown(url)}: made when data is loaded` };
  }
  try {
    // Only looked at, so that a process that works in it is not disturbed.
    await using opened = await openWarehouse(url, { cwd, readOnly: path !== undefined, waitSeconds: 2 });
    return { area: 'warehouse', state: 'ok', found: `${shown(url)}: answers (${opened.dialect})` };
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    const isBusy = error.code === 'WAREHOUSE_LOCKED';
    return isBusy ? { area: 'warehouse', state: 'note', found: error.message } : failedBy('warehouse', error);
  }
}

async function collectors({ env }: Io): Promise<readonly Finding[]> {
  const { checkTelemetry } = await import('../../telemetry/index.ts');
  const fix =
    'Start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT: it takes OTLP over HTTP, on port 4318 as a rule.';
  return (await checkTelemetry(env)).map(({ url, problem }): Finding =>
    problem === undefined
      ? { area: 'OpenTelemetry', state: 'ok', found: `${shown(url)}: takes what is sent` }
      : { area: 'OpenTelemetry', state: 'failed', found: `${shown(url)}: ${problem}`, fix },
  );
}

/** A URL may hold a password. */
function shown(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) return false;
    throw error;
  }
}
