import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Destination, Shipment } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import type { RunLine } from '../run-log.ts';
import type { ModelMade } from '../tracker.ts';
import type { MlflowClient, MlflowOptions } from './client.ts';
import { mlflowClient, mlflowErrors } from './client.ts';
import { mlmodel } from './mlmodel.ts';
import { experimentIdOf } from './experiment.ts';
import type { KeyValue } from './translate.ts';
import {
  MLFLOW_STATUS,
  mlflowDataset,
  mlflowMetric,
  mlflowName,
  mlflowParam,
  mlflowStartTags,
  mlflowTag,
} from './translate.ts';

const State = z.object({ experimentId: z.string(), runId: z.string(), artifacts: z.string() });
type State = z.infer<typeof State>;

const RunInfo = z.object({ info: z.object({ run_id: z.string(), artifact_uri: z.string() }) });

/**
 * Sends runs to an MLflow server. A run is found again by its tag `smallboat.run`, and MLflow keeps one of equal points:
 * what comes twice changes nothing. Throws `MLFLOW_URI_INVALID`.
 */
export function mlflowDestination(options: MlflowOptions): Destination {
  const client = mlflowClient(options);
  return {
    name: 'mlflow',
    location: client.location,
    async send(shipment) {
      const known = State.safeParse(shipment.state);
      const state = known.success ? known.data : await beginRun(client, shipment);
      for (const part of partsOf(shipment.lines)) await sendPart(client, shipment, state, part);
      return state;
    },
  };
}

async function beginRun(client: MlflowClient, { run, parentState, signal }: Shipment): Promise<State> {
  const experimentId = await experimentIdOf(client, run.experiment, signal);
  const filter = `tags.\`smallboat.run\` = '${run.id}'`;
  const search = { experiment_ids: [experimentId], filter, max_results: 1 };
  const { runs = [] } = z
    .object({ runs: z.array(RunInfo).optional() })
    .parse(await client.post('runs/search', search, signal));
  const [found] = runs;
  const tags = mlflowStartTags(run, State.safeParse(parentState).data?.runId);
  const create = { experiment_id: experimentId, run_name: run.name, start_time: run.at, tags };
  const info = found ?? z.object({ run: RunInfo }).parse(await client.post('runs/create', create, signal)).run;
  return { experimentId, runId: info.info.run_id, artifacts: info.info.artifact_uri };
}

type Part =
  | { readonly kind: 'batch'; readonly metrics: object[]; readonly params: KeyValue[]; readonly tags: KeyValue[] }
  | { readonly kind: 'line'; readonly line: RunLine };

/** Lines as calls: metrics, parameters and tags go together as far as MLflow's limits of one call allow. */
function partsOf(lines: readonly RunLine[]): readonly Part[] {
  const parts: Part[] = [];
  const batch = (isFull: (part: Extract<Part, { kind: 'batch' }>) => boolean): Extract<Part, { kind: 'batch' }> => {
    const last = parts.at(-1);
    if (last?.kind === 'batch' && !isFull(last)) return last;
    const made: Part = { kind: 'batch', metrics: [], params: [], tags: [] };
    parts.push(made);
    return made;
  };
  const size = (part: Extract<Part, { kind: 'batch' }>): number =>
    part.metrics.length + part.params.length + part.tags.length;
  for (const line of lines) {
    if (line.t === 'm') {
      for (const [name, value] of Object.entries(line.v)) {
        batch((part) => size(part) >= 1000).metrics.push(mlflowMetric(name, { step: line.s, at: line.at, value }));
      }
    } else if (line.t === 'params') {
      for (const [name, value] of Object.entries(line.values)) {
        batch((part) => size(part) >= 1000 || part.params.length >= 100).params.push(mlflowParam(name, value));
      }
    } else if (line.t === 'tags') {
      for (const [name, value] of Object.entries(line.values)) {
        batch((part) => size(part) >= 1000 || part.tags.length >= 100).tags.push(mlflowTag(name, value));
      }
    } else {
      parts.push({ kind: 'line', line });
    }
  }
  return parts;
}

async function sendPart(client: MlflowClient, shipment: Shipment, state: State, part: Part): Promise<void> {
  const { signal } = shipment;
  const run_id = state.runId;
  if (part.kind === 'batch') {
    const { metrics, params, tags } = part;
    await client.post('runs/log-batch', { run_id, metrics, params, tags }, signal);
    return;
  }
  const { line } = part;
  switch (line.t) {
    case 'artifact':
      await keeping(client, () => client.putArtifact(state.artifacts, line.name, shipment.locate(line.name), signal));
      return;
    case 'data':
      await client.post('runs/log-inputs', { run_id, datasets: [mlflowDataset(line.data)] }, signal);
      return;
    case 'model':
      await keeping(client, () => sendModel(client, shipment, state, line.model));
      return;
    case 'resume':
      await client.post('runs/update', { run_id, status: 'RUNNING' }, signal);
      return;
    case 'end':
      await client.post('runs/update', { run_id, status: MLFLOW_STATUS[line.status], end_time: line.at }, signal);
      return;
    case 'start': // The run itself, which is there.
    case 'm':
    case 'params':
    case 'tags': // In batches.
  }
}

/** A server that keeps artifacts elsewhere takes all but the artifacts. */
async function keeping(client: MlflowClient, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!mlflowErrors.MLFLOW_ARTIFACTS_ELSEWHERE.is(error)) throw error;
    const facts = { location: client.location, problem: error.message };
    throw destinationErrors.DESTINATION_REFUSED(facts, { cause: error });
  }
}

const LoggedModel = z.object({ info: z.object({ model_id: z.string(), artifact_uri: z.string() }) });

/** The model as one of MLflow 3's logged models, with its files if the run has them as artifacts. */
async function sendModel(client: MlflowClient, shipment: Shipment, state: State, model: ModelMade): Promise<void> {
  const { signal } = shipment;
  const tags = [
    { key: 'smallboat.digest', value: model.digest },
    ...(model.version === undefined ? [] : [{ key: 'smallboat.version', value: String(model.version) }]),
  ];
  const create = {
    experiment_id: state.experimentId,
    // MLflow allows no `/`, `:`, `.`, `%` and quotes here.
    name: mlflowName(model.name).replaceAll(/[/:.]/g, '_'),
    source_run_id: state.runId,
    tags,
  };
  const before = await loggedBefore(client, state, model.digest, signal);
  const { info } =
    before ?? z.object({ model: LoggedModel }).parse(await client.post('logged-models', create, signal)).model;
  const files = model.artifacts === undefined ? [] : await filesIn(shipment.locate(model.artifacts));
  for (const file of files) {
    await client.putArtifact(info.artifact_uri, file, join(shipment.locate(model.artifacts ?? ''), file), signal);
  }
  if (files.includes('model.onnx') && !files.includes('MLmodel')) {
    const text = mlmodel(info.model_id, state.runId, info.artifact_uri);
    await client.putArtifact(info.artifact_uri, 'MLmodel', new TextEncoder().encode(text), signal);
  }
  const ready = { model_id: info.model_id, status: 'LOGGED_MODEL_READY' };
  await client.patch(`logged-models/${info.model_id}`, ready, signal);
  if (before !== undefined && (await hasOutput(client, state.runId, info.model_id, signal))) return;
  await client.post('runs/outputs', { run_id: state.runId, models: [{ model_id: info.model_id, step: 0 }] }, signal);
}

async function loggedBefore(
  client: MlflowClient,
  { experimentId, runId }: State,
  digest: string,
  signal: AbortSignal,
): Promise<z.infer<typeof LoggedModel> | undefined> {
  const filter = `source_run_id = '${runId}' AND tags.\`smallboat.digest\` = '${digest}'`;
  const { models = [] } = z
    .object({ models: z.array(LoggedModel).optional() })
    .parse(await client.post('logged-models/search', { experiment_ids: [experimentId], filter }, signal));
  return models[0];
}

async function hasOutput(client: MlflowClient, run_id: string, modelId: string, signal: AbortSignal): Promise<boolean> {
  const Outputs = z.object({ model_outputs: z.array(z.object({ model_id: z.string() })).default([]) });
  const { run } = z
    .object({ run: z.object({ outputs: Outputs.optional() }) })
    .parse(await client.get('runs/get', { run_id }, signal));
  return run.outputs?.model_outputs.some((output) => output.model_id === modelId) ?? false;
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
