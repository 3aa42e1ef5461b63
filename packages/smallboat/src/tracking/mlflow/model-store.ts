import { mkdir, rename, rm } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { aside, isMissing, sha256OfFile } from '../../kernel/index.ts';
import type { ModelFile, ModelVersion, NewModelVersion } from '../registry.ts';
import { registryErrors } from '../registry.ts';
import type { MlflowClient } from './client.ts';
import { mlmodel } from './mlmodel.ts';
import { mlflowName } from './translate.ts';

const LoggedModel = z.object({
  model: z.object({ info: z.object({ model_id: z.string(), artifact_uri: z.string() }) }),
});
const Runs = z.object({ runs: z.array(z.object({ info: z.object({ run_id: z.string() }) })).default([]) });

export interface UploadedModel {
  /** MLflow's id of the logged model. */
  readonly modelId: string;
  /** MLflow's run that made it, if it was sent there. */
  readonly runId: string | undefined;
}

/** Stores the files of a model as one of MLflow's logged models. */
export async function uploadModel(
  client: MlflowClient,
  experimentId: string,
  of: { readonly model: NewModelVersion; readonly folder: string; readonly files: readonly ModelFile[] },
): Promise<UploadedModel> {
  const { model, folder, files } = of;
  const source = model.trackedRun === undefined ? undefined : await runOf(client, model.trackedRun);
  const { info } = LoggedModel.parse(
    await client.post('logged-models', {
      experiment_id: experimentId,
      name: mlflowName(model.name).replaceAll(/[/:.]/g, '_'),
      ...(source === undefined ? {} : { source_run_id: source }),
    }),
  ).model;
  for (const { path } of files) await client.putArtifact(info.artifact_uri, path, join(folder, path));
  if (files.some(({ path }) => path === 'model.onnx') && !files.some(({ path }) => path === 'MLmodel')) {
    const text = mlmodel(info.model_id, source ?? '', info.artifact_uri);
    await client.putArtifact(info.artifact_uri, 'MLmodel', new TextEncoder().encode(text));
  }
  const ready = { model_id: info.model_id, status: 'LOGGED_MODEL_READY' };
  await client.patch(`logged-models/${info.model_id}`, ready);
  return { modelId: info.model_id, runId: source };
}

/** MLflow's run of a tracked run, if it was sent there. */
async function runOf(client: MlflowClient, trackedRun: string): Promise<string | undefined> {
  const { experiments } = z
    .object({ experiments: z.array(z.object({ experiment_id: z.string() })).default([]) })
    .parse(await client.post('experiments/search', { max_results: 1000 }));
  const { runs } = Runs.parse(
    await client.post('runs/search', {
      experiment_ids: experiments.map(({ experiment_id }) => experiment_id),
      filter: `tags.\`smallboat.run\` = '${trackedRun.replaceAll("'", '')}'`,
      max_results: 1,
    }),
  );
  return runs[0]?.info.run_id;
}

/** Brings the files of a version into its folder that are not there as they were registered. */
export async function fetchModel(
  client: MlflowClient,
  modelId: string | undefined,
  version: ModelVersion,
): Promise<void> {
  const missing: ModelFile[] = [];
  for (const file of version.files) {
    const hash = await sha256OfFile(join(version.folder, file.path)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (hash !== file.sha256) missing.push(file);
  }
  if (missing.length === 0) return;
  if (modelId === undefined) {
    const problem = 'it names no logged model, which MLflow 3 has';
    throw registryErrors.MODEL_RECORD_UNREADABLE({ path: client.location, problem });
  }
  const { info } = LoggedModel.parse(await client.get(`logged-models/${modelId}`, {})).model;
  for (const { path } of missing) {
    const to = join(version.folder, path);
    const part = aside(to);
    await mkdir(dirname(to), { recursive: true });
    try {
      const { body } = await client.getArtifact(info.artifact_uri, path);
      // Fetch's stream is the same as Node's, under another type.
      await pipeline(Readable.fromWeb(body as never), createWriteStream(part, { flags: 'wx' }));
      await rename(part, to);
    } finally {
      await rm(part, { force: true });
    }
  }
}
