import { join } from 'node:path';
import { sha256 } from '../kernel/index.ts';
import { localRegistry } from './local-registry.ts';
import type { ModelRegistry } from './registry.ts';

export interface OpenRegistryOptions {
  /** The folder of the local registry; models of others are kept beside it once they were asked for. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether models are registered where every machine finds them. */
export function isRegistryShared(env: OpenRegistryOptions['env']): boolean {
  return [env['SMALLBOAT_MODELS'], env['MLFLOW_REGISTRY_URI']].some((place) => place !== undefined && place !== '');
}

/**
 * A folder of a bucket if SMALLBOAT_MODELS names one; MLflow's model registry if MLFLOW_REGISTRY_URI names a server, as MLflow's own client has it;
 * else the local one. Rejects with `MODELS_PLACE_INVALID`, `MLFLOW_URI_INVALID`, `PACKAGE_MISSING`.
 */
export async function openRegistry({ folder, env }: OpenRegistryOptions): Promise<ModelRegistry> {
  const bucket = env['SMALLBOAT_MODELS'];
  if (bucket !== undefined && bucket !== '') {
    const [{ s3Registry }, { s3Objects }] = await Promise.all([import('./s3-registry.ts'), import('./s3-objects.ts')]);
    const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? env['METAFLOW_S3_ENDPOINT_URL'];
    // Other servers than AWS's have none, and the SDK wants one all the same.
    const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? (endpoint === undefined ? undefined : 'us-east-1');
    const objects = await s3Objects(bucket, {
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(region === undefined ? {} : { region }),
    });
    return s3Registry({ objects, cacheFolder: join(folder, '..', 's3-models', sha256(objects.place).slice(0, 8)) });
  }
  const uri = env['MLFLOW_REGISTRY_URI'];
  if (uri === undefined || uri === '') return localRegistry({ folder });
  const { mlflowRegistry } = await import('./mlflow/mlflow-registry.ts');
  const { mlflowLogin } = await import('./mlflow/client.ts');
  return mlflowRegistry({ uri, ...mlflowLogin(env), cacheFolder: join(folder, '..', 'mlflow-models') });
}
