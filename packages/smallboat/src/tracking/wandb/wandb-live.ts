import { openAsBlob } from 'node:fs';
import * as z from 'zod';
import type { Destination, Shipment } from '../destination.ts';
import { destinationErrors } from '../destination.ts';
import { call, postJson, withoutSecrets } from '../http.ts';
import type { RunLine } from '../run-log.ts';
import { pythonJson } from './records.ts';
import { EXIT_CODE, Values, asJson, configOf, fileName, rowsOf, valuesAt, wandbName } from './rows.ts';

export interface WandbLiveOptions {
  /** WANDB_API_KEY. */
  readonly apiKey: string;
  /** Default the name of the experiment. */
  readonly project?: string;
  /** Default the one of the key's owner. */
  readonly entity?: string;
  /** WANDB_BASE_URL. Default `https://api.wandb.ai`. */
  readonly url?: string;
}

const State = z.object({
  entity: z.string(),
  project: z.string(),
  /** Rows of the history so far. */
  rows: z.number(),
  /** The step of W&B's last row; −1 before the first. */
  step: z.number(),
  summary: Values,
  /** All of the configuration: W&B takes it as a whole. */
  config: z.record(z.string(), z.unknown()),
});
type State = z.infer<typeof State>;

const Upserted = z.object({
  upsertBucket: z.object({
    bucket: z.object({ project: z.object({ name: z.string(), entity: z.object({ name: z.string() }) }) }),
  }),
});
const RunFiles = z.object({
  createRunFiles: z.object({
    uploadHeaders: z.array(z.string()).default([]),
    files: z.array(z.object({ name: z.string(), uploadUrl: z.string() })),
  }),
});

const UPSERT = `mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String, $displayName: String, $config: JSONString, $host: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, groupName: $groupName, displayName: $displayName, config: $config, host: $host}) {
    bucket { id name project { name entity { name } } }
  }
}`;
const CREATE_FILES = `mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    uploadHeaders files { name uploadUrl }
  }
}`;

/**
 * Sends runs to W&B's service as they go, by the calls that its own client makes. The history counts by row: what comes
 * twice is there once.
 */
export function wandbLive({ apiKey, project, entity, url = 'https://api.wandb.ai' }: WandbLiveOptions): Destination {
  const base = withoutSecrets(url);
  const location = `wandb:${base}`;
  const headers = { authorization: `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}` };

  const graphql = async (query: string, variables: object, signal: AbortSignal): Promise<unknown> => {
    const answer = await postJson(location, `${base}/graphql`, { body: { query, variables }, headers, signal });
    const { data, errors } = z
      .object({ data: z.unknown(), errors: z.array(z.object({ message: z.string() })).optional() })
      .parse(answer);
    const [error] = errors ?? [];
    if (error !== undefined) throw destinationErrors.DESTINATION_REFUSED({ location, problem: error.message });
    return data;
  };

  const upsert = async ({ run, signal }: Shipment, of: Pick<State, 'config'> & Partial<State>): Promise<State> => {
    const config = Object.fromEntries(Object.entries(of.config).map(([key, value]) => [key, { value }]));
    const variables = {
      name: run.id,
      project: of.project ?? wandbName(project ?? run.experiment),
      entity: of.entity ?? entity ?? null,
      groupName: run.parent ?? null,
      displayName: run.name,
      config: JSON.stringify(config),
      host: run.host,
    };
    const { bucket } = Upserted.parse(await graphql(UPSERT, variables, signal)).upsertBucket;
    const names = { project: bucket.project.name, entity: bucket.project.entity.name };
    return { rows: 0, step: -1, summary: {}, ...of, ...names };
  };

  const stream = async ({ run, signal }: Shipment, state: State, body: object): Promise<void> => {
    const path = [state.entity, state.project, run.id].map(encodeURIComponent).join('/');
    await postJson(location, `${base}/files/${path}/file_stream`, { body, headers, signal });
  };

  const upload = async (name: string, state: State, { run, locate, signal }: Shipment): Promise<void> => {
    const names = { entity: state.entity, project: state.project, run: run.id, files: [fileName(name)] };
    const { createRunFiles } = RunFiles.parse(await graphql(CREATE_FILES, names, signal));
    const asked = createRunFiles.uploadHeaders.map((header) =>
      header
        .split(/:(.*)/s)
        .slice(0, 2)
        .map((part) => part.trim()),
    );
    for (const file of createRunFiles.files) {
      // A signed address: it needs no key, and gets none.
      const body = await openAsBlob(locate(name));
      await call(location, file.uploadUrl, {
        method: 'PUT',
        headers: Object.fromEntries(asked) as Record<string, string>,
        body,
        signal,
        timeoutSeconds: 600,
      });
    }
  };

  return {
    name: 'wandb',
    location,
    async send(shipment) {
      const { run, lines, signal } = shipment;
      const known = State.safeParse(shipment.state);
      let state = known.success
        ? known.data
        : await upsert(shipment, { config: { smallboat: { run: run.id, ...run.lineage } } });
      const configured = withConfig(state.config, lines);
      if (configured !== state.config) state = await upsert(shipment, { ...state, config: configured });

      const content: string[] = [];
      const first = state.rows;
      for (const row of rowsOf(lines)) {
        signal.throwIfAborted();
        if (row.kind !== 'row') continue;
        const step = Math.max(row.step, state.step + 1);
        const values = valuesAt(row, step, run.at);
        content.push(pythonObject(values));
        state = { ...state, step, rows: state.rows + 1, summary: { ...state.summary, ...values } };
      }
      if (content.length > 0) {
        const summary = { offset: 0, content: [pythonObject(state.summary)] };
        const files = { 'wandb-history.jsonl': { offset: first, content }, 'wandb-summary.json': summary };
        await stream(shipment, state, { files });
      }
      for (const line of lines) if (line.t === 'artifact') await upload(line.name, state, shipment);
      const last = lines.at(-1);
      // A run that was resumed within the shipment has not ended.
      if (last?.t === 'end') await stream(shipment, state, { complete: true, exitcode: EXIT_CODE[last.status] });
      return { ...state, summary: asJson(state.summary) };
    },
  };
}

/** The configuration with what the lines add; the same object if they add nothing. */
function withConfig(config: State['config'], lines: readonly RunLine[]): State['config'] {
  let made = config;
  for (const line of lines) {
    const added = configOf(line);
    if (added === undefined) continue;
    const [part] = added.path;
    if (part === undefined) made = { ...made, ...added.values };
    else made = { ...made, [part]: Object.assign({}, made[part], added.values) };
  }
  return made;
}

function pythonObject(values: Readonly<Record<string, number>>): string {
  return `{${Object.entries(values)
    .map(([key, value]) => `${JSON.stringify(key)}:${pythonJson(value)}`)
    .join(',')}}`;
}
