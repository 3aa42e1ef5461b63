import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openRunStore } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import type { StoreSpec } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import type { RunStore } from '../packages/smallboat/src/flow/store/run-store.ts';
import { metaflowStore } from '../packages/smallboat/src/flow/metaflow/metaflow-store.ts';
import { readMetaflowConfig } from '../packages/smallboat/src/flow/metaflow/metaflow-config.ts';
import { metadataService } from '../packages/smallboat/src/flow/testing/metadata-service.ts';
import { python } from './python.ts';
import { startMoto } from './s3-server.ts';

const program = fileURLToPath(new URL('../packages/smallboat/bin/smallboat.js', import.meta.url));

/** A place where runs live that Metaflow and Smallboat share, by Metaflow's own configuration and nothing else. */
export interface SharedPlace extends AsyncDisposable {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly spec: StoreSpec;
  open(): Promise<RunStore>;
  /** Runs `smallboat` there. Gives its standard output; rejects with the error, which has both outputs. */
  smallboat(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs a Python program there and gives what it prints. */
  python(program: string, args?: readonly string[]): Promise<string>;
  /** The same for a program that prints JSON last. */
  ask(program: string, args?: readonly string[]): Promise<unknown>;
}

/** A folder: local datastore and local metadata. */
export async function localPlace(): Promise<SharedPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-shared-'));
  const env = { METAFLOW_DEFAULT_DATASTORE: 'local', METAFLOW_DATASTORE_SYSROOT_LOCAL: folder };
  return placeAt(folder, env, async () => undefined);
}

/** A bucket of moto's S3, and the stand-in for the metadata service, which wants a key. */
export async function remotePlace(): Promise<SharedPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-shared-'));
  const [moto, service] = await Promise.all([startMoto(), metadataService({ apiKey: 'sesame' })]);
  await moto.makeBucket('boats');
  // For what is opened in this process: credentials are found, not told.
  Object.assign(process.env, moto.env);
  const env = {
    ...moto.env,
    METAFLOW_DEFAULT_DATASTORE: 's3',
    METAFLOW_DATASTORE_SYSROOT_S3: 's3://boats/metaflow',
    METAFLOW_S3_ENDPOINT_URL: moto.endpoint,
    METAFLOW_DEFAULT_METADATA: 'service',
    METAFLOW_SERVICE_URL: service.url,
    METAFLOW_SERVICE_AUTH_KEY: 'sesame',
  };
  return placeAt(folder, env, async () => {
    await moto[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });
}

function placeAt(folder: string, own: Readonly<Record<string, string>>, stop: () => Promise<void>): SharedPlace {
  const env = {
    METAFLOW_HOME: join(folder, 'no-config'),
    METAFLOW_CLIENT_CACHE_PATH: join(folder, 'cache'),
    METAFLOW_USER: 'ada',
    USERNAME: 'ada',
    ...own,
  };
  const config = readMetaflowConfig({ env, cwd: folder });
  const spec = metaflowStore(config, { env, cwd: folder, home: join(folder, 'home') });
  if (!spec) throw new Error('Metaflow’s configuration says no store');
  const run = async (source: string, args: readonly string[] = []): Promise<string> => {
    const path = join(folder, 'program.py');
    await writeFile(path, source);
    return python('metaflow-s3', [path, ...args], { cwd: folder, env });
  };
  return {
    folder,
    env,
    spec,
    open: () => openRunStore(spec),
    async smallboat(args, more = {}) {
      const options = { cwd: folder, env: { ...process.env, ...env, ...more }, maxBuffer: 1 << 26 };
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], options);
      return stdout;
    },
    python: run,
    ask: async (source, args) => JSON.parse((await run(source, args)).trimEnd().split('\n').at(-1) ?? ''),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
