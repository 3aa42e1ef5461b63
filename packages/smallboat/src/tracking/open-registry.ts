import { join } from 'node:path';
import { localRegistry } from './local-registry.ts';
import type { ModelRegistry } from './registry.ts';

export interface OpenRegistryOptions {
  /** The folder of the local registry; MLflow's models are kept beside it once they were asked for. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * MLflow's model registry if MLFLOW_REGISTRY_URI names a server, as MLflow's own client has it; else the local one. Rejects with
 * `MLFLOW_URI_INVALID`.
 */
export async function openRegistry({ folder, env }: OpenRegistryOptions): Promise<ModelRegistry> {
  const uri = env['MLFLOW_REGISTRY_URI'];
  if (uri === undefined || uri === '') return localRegistry({ folder });
  const { mlflowRegistry } = await import('./mlflow/mlflow-registry.ts');
  const { mlflowLogin } = await import('./mlflow/client.ts');
  return mlflowRegistry({ uri, ...mlflowLogin(env), cacheFolder: join(folder, '..', 'mlflow-models') });
}
