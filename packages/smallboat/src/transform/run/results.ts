import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import type { Row } from '../../warehouse/index.ts';
import { DBT_VERSION } from '../context/node-context.ts';
import type { Project } from '../project/project.ts';

export type NodeStatus = 'success' | 'error' | 'skipped' | 'pass' | 'fail' | 'warn';

/** What became of one model or test. */
export interface NodeResult {
  readonly uniqueId: string;
  readonly name: string;
  readonly kind: 'model' | 'test';
  /** Of a model what it is materialized as. */
  readonly materialized?: string;
  readonly status: NodeStatus;
  /** In words: `Got 2 results, configured to fail if != 0`. */
  readonly message: string;
  /** Of a test: how many failures, as its `fail_calc` counts them. */
  readonly failures?: number;
  /** Of a failed test: at most 5 of the rows that it found. */
  readonly sample?: readonly Row[];
  /** Of a table: its rows. */
  readonly rows?: number;
  /** `"database"."schema"."name"` of a model. */
  readonly relation?: string;
  readonly file: string;
  readonly compiledSql?: string;
  readonly startedAt: Date;
  /** Wall time. */
  readonly seconds: number;
}

/** What became of a run over a project. */
export interface RunResults {
  readonly invocationId: string;
  readonly project: string;
  readonly results: readonly NodeResult[];
  readonly seconds: number;
  /** Where run_results.json and the compiled SQL are. */
  readonly targetFolder: string;
  /** What the project's reading warned of. */
  readonly warnings: readonly string[];
}

/** Writes `run_results.json` in dbt's shape (schema version 6), for tools that read dbt's. */
export async function writeResults(run: RunResults, which: string): Promise<void> {
  const results = run.results.map((one) => {
    const ended = new Date(one.startedAt.getTime() + one.seconds * 1000).toISOString();
    return {
      status: one.status,
      timing: [{ name: 'execute', started_at: one.startedAt.toISOString(), completed_at: ended }],
      thread_id: 'Thread-1',
      execution_time: one.seconds,
      adapter_response: { _message: 'OK', ...(one.rows === undefined ? {} : { rows_affected: one.rows }) },
      message: one.message,
      failures: one.failures ?? null,
      unique_id: one.uniqueId,
      compiled: one.compiledSql !== undefined,
      compiled_code: one.compiledSql ?? null,
      relation_name: one.relation ?? null,
      batch_results: null,
    };
  });
  const document = {
    metadata: {
      dbt_schema_version: 'https://schemas.getdbt.com/dbt/run-results/v6.json',
      dbt_version: DBT_VERSION,
      generated_at: new Date().toISOString(),
      invocation_id: run.invocationId,
      env: {},
    },
    results,
    elapsed_time: run.seconds,
    args: { which, project_dir: '.' },
  };
  await writeWhole(join(run.targetFolder, 'run_results.json'), `${JSON.stringify(document, null, 2)}\n`, {
    sync: false,
  });
}

/** Where dbt puts a node's SQL under its target folder: `compiled/<project>/<file>`; a test of YAML in a folder of its file. */
export function sqlPath(
  kind: 'compiled' | 'run',
  project: Project,
  node: { readonly file: string; readonly path: string; readonly isGeneric: boolean },
): string {
  return node.isGeneric ? join(kind, project.name, node.file, node.path) : join(kind, project.name, node.file);
}
