import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Flow } from '../../packages/smallboat/src/flow/index.ts';
import { openRunStore, loadFlow } from '../../packages/smallboat/src/flow/index.ts';
import { type StorePlace, storePlace } from '../../packages/smallboat/src/flow/testing/store-places.ts';
import { productionToken, prepareDeployment, type Deployment } from '../../packages/smallboat/src/orchestrate/index.ts';

const source = new URL('../../packages/smallboat/src/orchestrate/testing/flows.ts', import.meta.url);
const program = fileURLToPath(new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url));
const packages = new URL('../../node_modules/', import.meta.url);

/** A user's project with the flows that every engine runs, and a folder for its runs. */
export interface Project {
  readonly root: string;
  /** The file of the flows. */
  readonly flows: string;
  readonly module: string;
}

export function aProject(): Project {
  const root = mkdtempSync(join(tmpdir(), 'smallboat-engines-'));
  writeFileSync(join(root, 'package.json'), '{"name":"engines","version":"1.0.0","type":"module","private":true}');
  mkdirSync(join(root, 'node_modules'));
  symlinkSync(
    fileURLToPath(new URL('../../packages/smallboat', import.meta.url)),
    join(root, 'node_modules/smallboat'),
  );
  symlinkSync(fileURLToPath(new URL('zod', packages)), join(root, 'node_modules/zod'));
  const flows = join(root, 'flows.ts');
  copyFileSync(source, flows);
  return { root, flows, module: pathToFileURL(flows).href };
}

/** A store that every process reaches: S3 and the metadata service, as servers of this machine; and what tells our programs of it. */
export async function sharedPlace(): Promise<StorePlace & { readonly env: Readonly<Record<string, string>> }> {
  const place = await storePlace({ s3: true, service: true });
  return {
    ...place,
    env: {
      METAFLOW_DEFAULT_DATASTORE: 's3',
      METAFLOW_DATASTORE_SYSROOT_S3: place.spec.datastore?.root ?? '',
      METAFLOW_S3_ENDPOINT_URL: place.spec.datastore?.endpoint ?? '',
      METAFLOW_DEFAULT_METADATA: 'service',
      METAFLOW_SERVICE_URL: place.spec.metadata?.url ?? '',
      ...KEYS,
    },
  };
}

const KEYS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };

/** What a machine of an engine has beside what it is told: rights to reach the store. */
export const machine: Readonly<Record<string, string>> = KEYS;

/** A deployment of one of the project's flows. */
export async function deployed(
  { module, root }: Project,
  { flow, place, runsAs = 'SFN' }: { readonly flow: string; readonly place: StorePlace; readonly runsAs?: string },
): Promise<Deployment & { readonly flow: Flow }> {
  const found = await loadFlow(module, flow);
  await using store = await openRunStore(place.spec);
  return prepareDeployment({
    flow: found,
    module,
    storeSpec: place.spec,
    with: [],
    tags: ['engines'],
    isolation: { name: found.name },
    token: await productionToken({ name: found.name, home: mkdtempSync(join(tmpdir(), 'smallboat-tokens-')) }),
    owner: store.user,
    runsAs,
    env: {},
    cwd: root,
  });
}

export const aFolder = (): string => mkdtempSync(join(tmpdir(), 'smallboat-engine-'));

/** Names of the bodies that ran. */
export function ran(folder: string): readonly string[] {
  return readFileSync(join(folder, 'ran'), 'utf8').trim().split('\n');
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line as a user would, in a process of its own. */
export function smallboat(
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, USER: 'ada', ...env },
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })));
}
