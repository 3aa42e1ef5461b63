import * as z from 'zod';
import type { AliasChange } from '../registry.ts';
import type { MlflowClient } from './client.ts';

const RunTags = z.object({
  info: z.object({ start_time: z.coerce.number() }),
  data: z.object({ tags: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]) }),
});

/**
 * A change of an alias as a run of its own: MLflow keeps no history, and a run is only ever added, so changes at the same
 * time do not lose each other. Whoever may delete runs on the server may delete history: the local registry notices, MLflow does not.
 */
export async function writeHistoryRun(
  client: MlflowClient,
  experimentId: string,
  model: string,
  change: AliasChange,
): Promise<void> {
  const { alias, version, at, kind = 'promote', reason, by } = change;
  const tags = {
    'smallboat.history': model,
    'smallboat.change': JSON.stringify({ alias, version, at, kind, reason, by }),
    ...(by === undefined ? {} : { 'mlflow.user': by }),
  };
  const { run } = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) }).parse(
    await client.post('runs/create', {
      experiment_id: experimentId,
      run_name: `${model}: ${alias} ${version === null ? 'taken away' : `→ ${version}`}`,
      start_time: at,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    }),
  );
  await client.post('runs/update', { run_id: run.info.run_id, status: 'FINISHED', end_time: at });
}

const Change = z.object({
  alias: z.string(),
  version: z.number().nullable(),
  at: z.number(),
  kind: z.enum(['promote', 'rollback']),
  reason: z.string().exactOptional(),
  by: z.string().exactOptional(),
});

/** The changes, the first one first. */
export async function readHistoryRuns(
  client: MlflowClient,
  experimentId: string,
  model: string,
): Promise<readonly AliasChange[]> {
  const changes: AliasChange[] = [];
  for (let page_token: string | undefined; ;) {
    const body = {
      experiment_ids: [experimentId],
      filter: `tags.\`smallboat.history\` = '${model}'`,
      order_by: ['attributes.start_time ASC'],
      max_results: 1000,
      ...(page_token === undefined ? {} : { page_token }),
    };
    const { runs, next_page_token } = z
      .object({ runs: z.array(RunTags).default([]), next_page_token: z.string().optional() })
      .parse(await client.post('runs/search', body));
    for (const run of runs) {
      const text = run.data.tags.find(({ key }) => key === 'smallboat.change')?.value;
      if (text !== undefined) changes.push(Change.parse(JSON.parse(text)));
    }
    if (next_page_token === undefined || next_page_token === '') return changes;
    page_token = next_page_token;
  }
}
