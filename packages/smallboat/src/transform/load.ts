import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import type { AdapterDescription } from './adapter/adapter.ts';
import { adapterNamed } from './adapter/adapters.ts';
import { envFunction, varFunction } from './context/base-functions.ts';
import type { Flags, Invocation } from './context/invocation.ts';
import { DBT_VERSION } from './context/invocation.ts';
import { fitsDbt } from './packages/versions.ts';
import { projectErrors } from './project/errors.ts';
import { modulesAt } from './jinja/modules.ts';
import { JINJA_GLOBALS } from './jinja/globals.ts';
import type { Value } from './jinja/value.ts';
import { fromPlain } from './jinja/json.ts';
import { Dict } from './jinja/value.ts';
import { internalMacros } from './macros/internal.ts';
import { MacroRegistry, macrosOf } from './macros/registry.ts';
import { Manifest } from './manifest/manifest.ts';
import { addOverview, readDocs, renderDescriptions } from './parse/docs.ts';
import { readFileNodes, readYamlSnapshots } from './parse/file-nodes.ts';
import { askedTests, readGenericTest } from './parse/generic-tests.ts';
import { readOtherNodes } from './parse/other-nodes.ts';
import type { Parsing } from './parse/parsing.ts';
import { Patches, versionColumns } from './parse/patches.ts';
import type { Entry } from './parse/properties.ts';
import { readProperties } from './parse/properties.ts';
import { checkCycles, checkNodes, inferPrimaryKeys, resolveReferences } from './parse/resolve.ts';
import { readSemanticNodes } from './parse/semantic.ts';
import { readSources } from './parse/sources.ts';
import { readUnitTests } from './parse/unit-tests.ts';
import type { DbtPackage } from './project/package.ts';
import { readInstalled } from './project/package.ts';
import { readPackageFiles } from './project/package-files.ts';
import { readProjectFile } from './project/dbt-project-file.ts';
import { isRecord, listOf } from './project/plain.ts';
import type { Target } from './project/profile.ts';
import { profileFolders, readTarget } from './project/profile.ts';

export interface LoadOptions {
  /** Target of profiles.yml; default what the file says. */
  readonly target?: string;
  readonly profile?: string;
  /** Where profiles.yml is; default the project's folder, the working folder, `~/.dbt`. */
  readonly profilesFolder?: string;
  /** Win over those of dbt_project.yml. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly threads?: number;
  readonly flags?: Partial<Flags>;
  /** The database where models go; default that of the target. */
  readonly database?: string;
  /** The adapter, where the caller has the warehouse: without `target`, an output of that type. */
  readonly adapterType?: string;
  /** Do without profiles.yml: the caller has the warehouse. */
  readonly isProfileOptional?: boolean;
  /** Whether `require-dbt-version` is looked at. Default true. */
  readonly isVersionChecked?: boolean;
  readonly startedAt?: Date;
  readonly invocationId?: string;
  readonly onSay?: (message: string, isInfo: boolean) => void;
}

/** A project as it was read, ready to be compiled and run. */
export interface Project {
  readonly invocation: Invocation;
  readonly manifest: Manifest;
  readonly root: DbtPackage;
  /** What a person should look at, though it can be read. */
  readonly warnings: readonly string[];
}

const NO_FLAGS: Flags = {
  which: 'parse',
  fullRefresh: false,
  storeFailures: false,
  isEmpty: false,
  sample: undefined,
  eventTimeStart: undefined,
  eventTimeEnd: undefined,
  failFast: false,
  defer: false,
  favorState: false,
  warnError: false,
  threads: 1,
  all: {},
};

/**
 * Reads a dbt project: all of its files, those of its packages, its profile. Runs nothing.
 *
 * @throws errors of `projectErrors` and `jinjaErrors`, with file and line.
 */
export async function loadProject(folder: string, options: LoadOptions = {}): Promise<Project> {
  const startedAt = options.startedAt ?? new Date();
  const now = startedAt.getTime() / 1000;
  const clock = runningClock();
  const env = options.env ?? process.env;
  const vars = options.vars ?? {};
  const home = resolve(folder);
  const names: Readonly<Record<string, Value>> = {
    ...JINJA_GLOBALS,
    env_var: envFunction(env, 'dbt_project.yml'),
    var: varFunction((name) => vars[name], { from: 'dbt_project.yml', isParsing: true }),
    modules: modulesAt(clock),
  };
  const unrendered = await readProjectFile(home, { ...names, target: new Dict() });
  const target = await readTarget({
    folders: profileFolders(options.profilesFolder ?? env['DBT_PROFILES_DIR'], options.cwd ?? process.cwd(), home),
    profile:
      options.profile ?? unrendered.profile ?? (options.isProfileOptional === true ? unrendered.name : undefined),
    names: { ...names, env_var: envFunction(env, 'profiles.yml'), target: new Dict() },
    isOptional: options.isProfileOptional ?? false,
    ...(options.adapterType === undefined ? {} : { type: options.adapterType }),
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  const adapter = adapterNamed(target.type, target.file);
  const database = options.database ?? databaseOf(target, adapter);
  const withTarget = { ...names, target: targetNames(target, database) };
  const project = await readProjectFile(home, withTarget);
  const root: DbtPackage = { name: project.name, folder: home, project, files: readPackageFiles(home, project) };
  const installed = await readInstalled(home, project, withTarget);
  if (options.isVersionChecked !== false) {
    for (const one of [root, ...installed]) {
      const { requiresVersion: needed } = one.project;
      if (!fitsDbt(needed))
        throw projectErrors.DBT_VERSION_UNSUPPORTED({ project: one.name, needed, own: DBT_VERSION });
    }
  }
  const packages = new Map([root, ...installed].map((one) => [one.name, one] as const));
  const registry = new MacroRegistry({
    root: root.name,
    internal: adapter.macroPackages.map(({ name }) => name),
    prefixes: adapter.prefixes,
    searchOrders: new Map(project.dispatch.map((one) => [one.macro_namespace, one.search_order] as const)),
  });
  registry.add(internalMacros(adapter, now));
  for (const pkg of packages.values()) {
    for (const file of [...pkg.files.macros, ...pkg.files.genericTests]) {
      registry.add(macrosOf({ packageName: pkg.name, file: file.file, text: file.text }, now));
    }
  }
  const manifest = new Manifest(root.name);
  const warnings: string[] = [...project.warnings];
  const invocation: Invocation = {
    id: options.invocationId ?? randomUUID(),
    startedAt,
    root,
    packages,
    target,
    database,
    adapter,
    registry,
    manifest,
    vars,
    env,
    flags: { ...NO_FLAGS, threads: target.threads, ...options.flags },
    modules: modulesAt(clock),
    say: options.onSay ?? (() => undefined),
    selected: [],
    graph: undefined,
    results: undefined,
  };
  const parsing: Parsing = { invocation, manifest, warn: (message) => void warnings.push(message), now };
  await readNodes(parsing);
  return { invocation, manifest, root, warnings };
}

async function readNodes(parsing: Parsing): Promise<void> {
  const { invocation, manifest, warn } = parsing;
  const { packages, root } = invocation;
  // A macro that cannot be read is found now, not when the first model calls it.
  for (const macro of invocation.registry.all()) if (macro.packageName === root.name) macro.parsed();
  const entries: Entry[] = [];
  addOverview(manifest);
  for (const pkg of packages.values()) {
    readDocs(manifest, pkg);
    entries.push(...(await readProperties(parsing, pkg)));
  }
  const patches = new Patches(entries);
  for (const pkg of packages.values()) await readFileNodes(parsing, pkg, patches);
  await readYamlSnapshots(parsing, patches);
  await readNodeTests(parsing, entries);
  await readSources(parsing, entries);
  await readOtherNodes(parsing, entries);
  await readSemanticNodes(parsing, entries);
  patches.warnOfRest((message) => {
    if (!message.includes(`${root.project.packagesPath}/`)) warn(message);
  });
  readUnitTests(parsing, entries);
  resolveReferences(parsing);
  await renderDescriptions(parsing);
  inferPrimaryKeys(manifest);
  checkNodes(parsing);
  checkCycles(manifest);
  invocation.graph = undefined;
}

const TESTED: ReadonlySet<string> = new Set(['models', 'seeds', 'snapshots', 'analyses']);

/** The generic tests of models, seeds and snapshots. */
async function readNodeTests(parsing: Parsing, entries: readonly Entry[]): Promise<void> {
  const { manifest, invocation } = parsing;
  const mark = invocation.adapter.quoteCharacter;
  const quote = (name: string): string => `${mark}${name}${mark}`;
  for (const entry of entries) {
    if (!TESTED.has(entry.section)) continue;
    const { pkg, file, name, section } = entry;
    const versions = listOf(entry.data['versions']).filter(isRecord);
    const targets = versions.length === 0 ? [undefined] : versions;
    for (const version of targets) {
      const v = version?.['v'] as string | number | undefined; // checked by Patches
      const data = version
        ? {
            ...entry.data,
            columns: versionColumns(entry.data, version),
            ...(version['data_tests'] === undefined && version['tests'] === undefined
              ? {}
              : { data_tests: version['data_tests'] ?? version['tests'], tests: undefined }),
          }
        : entry.data;
      const found = manifest.resolveRef({ name, package: pkg.name, version: v ?? null }, { package_name: pkg.name });
      const node = found.kind === 'found' ? found.node : undefined;
      for (const asked of askedTests(data, (path) => entry.lineOf(path), { quote })) {
        const test = await readGenericTest(
          parsing,
          { kind: 'node', name, section, pkg, file, node, ...(v === undefined ? {} : { version: v }) },
          asked,
        );
        manifest.add(test);
      }
    }
  }
}

function databaseOf(target: Target, { type }: AdapterDescription): string {
  if (target.database !== null) return target.database;
  if (type !== 'duckdb') return '';
  const { path } = target.credentials;
  if (typeof path !== 'string' || path === ':memory:') return 'memory';
  return basename(path.replace(/\?.*$/, '')).replace(/\.[^.]*$/, '');
}

/** The time, never the same twice: names are made of it, and two of them must not be one. */
function runningClock(): () => Date {
  let last = 0;
  return () => {
    last = Math.max(Date.now(), last + 1);
    return new Date(last);
  };
}

/** What of a profile templates do not see, as in dbt. */
const SECRETS: ReadonlySet<string> = new Set([
  'pass',
  'password',
  'token',
  'secrets',
  'private_key',
  'private_key_passphrase',
  'oauth_client_secret',
]);

function targetNames(target: Target, database: string): Dict {
  return new Dict([
    ['name', target.name],
    ['target_name', target.name],
    ['profile_name', target.profile],
    ['schema', target.schema],
    ['database', database],
    ['type', target.type],
    ['threads', target.threads],
    ...(database === '' ? [] : [['dbname', database] as const]),
    ...Object.entries(target.credentials)
      .filter(([key]) => !SECRETS.has(key) && !['type', 'schema', 'database', 'dbname'].includes(key))
      .map(([key, value]) => [key, fromPlain(value)] as const),
  ]);
}
