import { join, resolve } from 'node:path';
import type { StepContext } from 'smallboat/flow';
import { defineErrors } from 'smallboat/kernel';
import type { FolderFiles } from './folder-files.ts';
import { readFolder } from './folder-files.ts';

export const elsewhereErrors = defineErrors({
  WAREHOUSE_NOT_SHARED: (f: { warehouse: string }) =>
    `A step that runs on another machine cannot reach ${f.warehouse}, a file of one machine. Set WAREHOUSE_URL to a warehouse that all of them reach, or leave the steps ingest, transform, validate, dataset and deploy on this machine.`,
  MODELS_NOT_SHARED: () =>
    `The step 'select' runs on another machine, and the models would be registered in a folder that is gone with it. Set MLFLOW_REGISTRY_URI or SMALLBOAT_MODELS=s3://bucket/folder, or leave 'select' on this machine.`,
  ENDPOINT_NOT_HERE: (f: { to: string; problem: string }) =>
    `The step 'deploy' runs on another machine with SMALLBOAT_DEPLOY=${f.to}, and ${f.problem}. Set SMALLBOAT_DEPLOY=sagemaker, or leave 'deploy' on this machine (--with deploy=local).`,
});

/** Whether this process runs a step on another machine than the run's: in a container of a service, or as a task of an engine. */
export function isElsewhere(): boolean {
  const { SMALLBOAT_TASK: order, SMALLBOAT_SHARED_FOLDER: shared } = process.env;
  // A network folder is at the same path everywhere, the home among it.
  return order !== undefined && !['1', 'true', 'yes'].includes(shared?.toLowerCase() ?? '');
}

/** Where a step writes what is for people, or for later runs. What a later step needs travels as an artifact. */
export interface Home {
  /** Absolute. */
  readonly folder: string;
  /** It is gone with the task: nobody finds anything in it later. */
  readonly isPassing: boolean;
  /** The path that something in it has on the machine of the run. */
  readonly pathOf: (path: string) => string;
  /** All files in it where it is passing, so that they are not lost; none where they stay there. */
  readonly kept: () => Promise<FolderFiles>;
}

/** The home of a step: the run's, or a folder of its own where the step runs on another machine. */
export async function homeOf(home: string, { tempFolder }: Pick<StepContext, 'tempFolder'>): Promise<Home> {
  const root = resolve(home);
  if (!isElsewhere()) {
    return { folder: root, isPassing: false, pathOf: (path) => path, kept: () => Promise.resolve({}) };
  }
  const folder = join(await tempFolder(), 'home');
  return {
    folder,
    isPassing: true,
    pathOf: (path) => (path.startsWith(folder) ? root + path.slice(folder.length) : path),
    kept: () => readFolder(folder),
  };
}
