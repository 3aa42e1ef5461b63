import type { DataUse, EndStatus, MetricPoint } from '../tracker.ts';
import type { RunStart } from '../run-log.ts';

/** MLflow's limits: https://mlflow.org/docs/latest/rest-api.html#request-limits. */
const NAME_LENGTH = 250;
const PARAM_LENGTH = 6000;
const TAG_LENGTH = 8000;

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** A name as MLflow takes it: letters, digits, `_`, `-`, `.`, `:`, `/`, blank; anything else becomes `_`. */
export function mlflowName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}_\-. :/]/gu, '_').slice(0, NAME_LENGTH);
}

export function mlflowParam(key: string, value: unknown): KeyValue {
  return { key: mlflowName(key), value: String(value).slice(0, PARAM_LENGTH) };
}

export function mlflowTag(key: string, value: string): KeyValue {
  return { key: mlflowName(key), value: value.slice(0, TAG_LENGTH) };
}

/** A point as JSON: what is not finite goes as text, and MLflow turns infinities into the largest number. */
export function mlflowMetric(key: string, { step, at, value }: MetricPoint): object {
  return {
    key: mlflowName(key),
    value: Number.isFinite(value) ? value : String(value),
    timestamp: Math.round(at),
    step,
  };
}

/** What MLflow shows of where a run comes from. */
export function mlflowStartTags(run: RunStart, parentRunId: string | undefined): readonly KeyValue[] {
  const { flowRun, dataSnapshot, codeHash, inputs = {} } = run.lineage;
  const tags: Record<string, string | undefined> = {
    'smallboat.run': run.id,
    'mlflow.source.name': flowRun ?? 'smallboat',
    'mlflow.source.type': 'LOCAL',
    // MLflow links a commit; another hash of the code would lead nowhere.
    'mlflow.source.git.commit': codeHash !== undefined && /^[0-9a-f]{40}$/.test(codeHash) ? codeHash : undefined,
    'mlflow.parentRunId': parentRunId,
    'smallboat.parent': run.parent,
    'smallboat.flowRun': flowRun,
    'smallboat.dataSnapshot': dataSnapshot,
    'smallboat.codeHash': codeHash,
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`smallboat.input.${name}`, value])),
  };
  return Object.entries(tags).flatMap(([key, value]) => (value === undefined ? [] : [mlflowTag(key, value)]));
}

export const MLFLOW_STATUS: Readonly<Record<EndStatus, string>> = {
  finished: 'FINISHED',
  failed: 'FAILED',
  stopped: 'KILLED',
};

/** Data as one of MLflow's dataset inputs: https://mlflow.org/docs/latest/ml/dataset. */
export function mlflowDataset({ name, digest, context, source = name, rows, columns }: DataUse): object {
  const isWeb = /^https?:/.test(source);
  const schema = Object.entries(columns ?? {}).map(([column, type]) => ({
    type: mlflowType(type),
    name: column,
    required: false,
  }));
  return {
    tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
    dataset: {
      name: name.slice(0, 500),
      digest: digest.slice(0, 36),
      source_type: isWeb ? 'http' : source.startsWith('s3:') ? 's3' : 'local',
      source: JSON.stringify(isWeb ? { url: source } : { uri: source }),
      ...(schema.length === 0 ? {} : { schema: JSON.stringify({ mlflow_colspec: schema }) }),
      ...(rows === undefined ? {} : { profile: JSON.stringify({ num_rows: rows }) }),
    },
  };
}

/** MLflow's type of a column, for the names that warehouses give theirs; what it does not know is text. */
function mlflowType(type: string): string {
  const plain = type.toLowerCase();
  if (/^(?:bigint|int8|hugeint|ubigint|number|long)/.test(plain)) return 'long';
  if (/^(?:u?int|u?smallint|u?tinyint|int4|int2)/.test(plain)) return 'integer';
  if (/^(?:double|float8|decimal|numeric)/.test(plain)) return 'double';
  if (/^(?:float|real)/.test(plain)) return 'float';
  if (plain.startsWith('bool')) return 'boolean';
  if (/^(?:date|time)/.test(plain)) return 'datetime';
  if (/^(?:blob|bytea|binary|varbinary)/.test(plain)) return 'binary';
  return 'string';
}
