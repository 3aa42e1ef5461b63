import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import type { Invocation } from '../context/invocation.ts';
import { DBT_VERSION } from '../context/invocation.ts';
import type { NodeResult } from '../run/node-result.ts';
import { isoTime } from '../run/python-time.ts';

/** What stands at the head of each of dbt's artifacts. */
export function metadataOf(
  invocation: Pick<Invocation, 'id' | 'startedAt' | 'env'>,
  schema: string,
): Record<string, unknown> {
  return {
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: DBT_VERSION,
    generated_at: new Date().toISOString(),
    invocation_id: invocation.id,
    invocation_started_at: invocation.startedAt.toISOString(),
    env: Object.fromEntries(
      Object.entries(invocation.env).flatMap(([name, value]) =>
        name.startsWith('DBT_ENV_CUSTOM_ENV_')
          ? [[name.slice('DBT_ENV_CUSTOM_ENV_'.length), value ?? ''] as const]
          : [],
      ),
    ),
  };
}

/** The two ends of a batch as Python writes times. */
function batchText(batch: readonly [Date, Date]): string[] {
  return batch.map(isoTime);
}

/** As dbt says it: null for what it does not compile, and for a unit test that broke. */
function isCompiled({ kind, status, compiledSql, batches }: NodeResult): boolean | null {
  if (kind === 'unit_test') return status === 'error' || status === 'skipped' ? null : true;
  if (batches !== undefined) return false; // each batch has SQL of its own
  return compiledSql !== undefined ? true : NEVER_COMPILED.has(kind) ? null : false;
}

const NEVER_COMPILED: ReadonlySet<string> = new Set(['seed', 'exposure', 'saved_query']);

/** `run_results.json` in dbt's shape (schema version 6), for tools that read dbt's. */
export async function writeRunResults(
  folder: string,
  invocation: Invocation,
  { results, seconds }: { readonly results: readonly NodeResult[]; readonly seconds: number },
): Promise<void> {
  const document = {
    metadata: metadataOf(invocation, 'run-results/v6'),
    results: results.map((one) => ({
      status: one.status,
      timing: one.timing.map(({ name, startedAt, completedAt }) => ({
        name,
        started_at: startedAt.toISOString(),
        completed_at: completedAt.toISOString(),
      })),
      thread_id: one.thread,
      execution_time: one.seconds,
      adapter_response: one.response,
      message: one.message === '' ? null : one.message,
      failures: one.failures ?? null,
      unique_id: one.uniqueId,
      compiled: isCompiled(one),
      compiled_code: one.batches ? null : (one.compiledSql ?? null),
      relation_name: one.kind === 'seed' ? null : (one.relation ?? null),
      batch_results: one.batches
        ? {
            successful: one.batches.successful.map(batchText),
            failed: one.batches.failed.map(batchText),
          }
        : null,
    })),
    elapsed_time: seconds,
    args: { which: invocation.flags.which, ...invocation.flags.all },
  };
  await writeWhole(join(folder, 'run_results.json'), JSON.stringify(document), { sync: false });
}
