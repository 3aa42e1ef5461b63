import { resolve } from 'node:path';
import type { StoreSpec } from '../store/open-run-store.ts';
import {
  type MetaflowConfig,
  type MetaflowConfigOptions,
  folderWith,
  metaflowConfigErrors,
} from './metaflow-config.ts';

const { METAFLOW_CONFIG_INVALID } = metaflowConfigErrors;

/** Settings that say where runs are kept. Those of a store alone, such as the URL of a service, choose nothing: so it is in Metaflow. */
const CHOOSING = ['DEFAULT_DATASTORE', 'DEFAULT_METADATA', 'DATASTORE_SYSROOT_LOCAL'];

/**
 * The store that Metaflow's configuration says; undefined where it says none.
 *
 * @param home The folder for what lies on this machine though the store does not. Throws `METAFLOW_CONFIG_INVALID`.
 */
export function metaflowStore(
  config: MetaflowConfig,
  { env, cwd, home }: MetaflowConfigOptions & { readonly home: string },
): StoreSpec | undefined {
  if (!CHOOSING.some((name) => config.get(name) !== undefined)) return undefined;
  const datastore = datastoreIn(config, env);
  const metadata = metadataIn(config);
  const user = userIn(config, env);
  return {
    folder: datastore && metadata ? home : localFolder(config, cwd),
    ...(user === undefined ? {} : { user }),
    ...(datastore ? { datastore } : {}),
    ...(metadata ? { metadata } : {}),
    isConfigured: true,
  };
}

/** Whose runs are made, as Metaflow finds it; undefined where nobody says, or it is root. */
export function userIn(config: Pick<MetaflowConfig, 'get'>, env: MetaflowConfigOptions['env']): string | undefined {
  const said = [config.get('USER'), env['SUDO_USER'], env['USERNAME'], env['USER']];
  return said.find((name) => name !== undefined && name !== '' && name !== 'root');
}

/** The folder that `.metaflow` is in: the one that is said, the nearest that has one, or this one. */
function localFolder(config: MetaflowConfig, cwd: string): string {
  const said = config.get('DATASTORE_SYSROOT_LOCAL');
  return said === undefined ? (folderWith('.metaflow', cwd) ?? cwd) : resolve(cwd, said);
}

function datastoreIn(config: MetaflowConfig, env: MetaflowConfigOptions['env']): StoreSpec['datastore'] {
  const kind = config.get('DEFAULT_DATASTORE') ?? 'local';
  if (kind === 'local') return undefined;
  if (kind !== 's3') {
    throw METAFLOW_CONFIG_INVALID({
      name: 'METAFLOW_DEFAULT_DATASTORE',
      value: kind,
      problem: 'the datastores that Smallboat knows are local and s3',
    });
  }
  // What Metaflow does not say, AWS's own tools may have been told.
  const endpoint = config.get('S3_ENDPOINT_URL') ?? env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'];
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? (endpoint === undefined ? undefined : 'us-east-1');
  const encryption = config.get('S3_SERVER_SIDE_ENCRYPTION');
  const certificates = config.get('S3_VERIFY_CERTIFICATE');
  const retry = objectIn(config, 'S3_CLIENT_RETRY_CONFIG');
  const connections = numberIn(config, 'S3_WORKER_COUNT');
  const root = needed(
    config,
    'DATASTORE_SYSROOT_S3',
    'the datastore is s3, so this must say where: s3://bucket/prefix',
  );
  const suffix = config.get('DATATOOLS_SUFFIX');
  const dataRoot =
    config.get('DATATOOLS_S3ROOT') ?? (suffix === undefined ? undefined : `${root.replace(/\/+$/, '')}/${suffix}`);
  return {
    kind: 's3',
    root,
    ...(dataRoot === undefined ? {} : { dataRoot }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined || region === '' ? {} : { region }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(certificates === undefined
      ? {}
      : { certificates: /^(?:false|no|0)$/i.test(certificates) ? false : certificates }),
    ...(typeof retry['max_attempts'] === 'number' ? { attempts: retry['max_attempts'] } : {}),
    ...(retry['mode'] === 'standard' || retry['mode'] === 'adaptive' ? { retryMode: retry['mode'] } : {}),
    ...(connections === undefined ? {} : { connections }),
  };
}

function metadataIn(config: MetaflowConfig): StoreSpec['metadata'] {
  const kind = config.get('DEFAULT_METADATA') ?? 'local';
  if (kind === 'local') return undefined;
  if (kind !== 'service') {
    throw METAFLOW_CONFIG_INVALID({
      name: 'METAFLOW_DEFAULT_METADATA',
      value: kind,
      problem: 'the kinds of metadata that Smallboat knows are local and service',
    });
  }
  const key = config.get('SERVICE_AUTH_KEY');
  const headers = Object.entries(objectIn(config, 'SERVICE_HEADERS')).map(([name, value]) => [name, String(value)]);
  if (key !== undefined) headers.push(['x-api-key', key]);
  const attempts = numberIn(config, 'SERVICE_RETRY_COUNT');
  return {
    kind: 'service',
    url: needed(config, 'SERVICE_URL', 'metadata is in the service, so this must say where that is'),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) as Record<string, string> }), // Pairs of text.
    ...(attempts === undefined ? {} : { attempts }),
  };
}

function needed(config: MetaflowConfig, name: string, problem: string): string {
  const value = config.get(name);
  if (value === undefined) throw METAFLOW_CONFIG_INVALID({ name: `METAFLOW_${name}`, value: '', problem });
  return value;
}

function numberIn(config: MetaflowConfig, name: string): number | undefined {
  const value = config.get(name);
  if (value === undefined) return undefined;
  if (/^[1-9]\d*$/.test(value)) return Number(value);
  throw METAFLOW_CONFIG_INVALID({ name: `METAFLOW_${name}`, value, problem: 'it is a whole number, at least 1' });
}

function objectIn(config: MetaflowConfig, name: string): Readonly<Record<string, unknown>> {
  const value = config.get(name);
  if (value === undefined) return {};
  const wrong = (cause?: unknown): Error =>
    // The value may be a secret.
    METAFLOW_CONFIG_INVALID({ name: `METAFLOW_${name}`, value: '…', problem: 'it is a JSON object' }, { cause });
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch (cause) {
    throw wrong(cause);
  }
  throw wrong();
}
