import { extname } from 'node:path';
import { quoteText } from '../warehouse/index.ts';

/** What follows `from`: a relation's name as it is, a query in brackets with an alias. */
export function sourceOf(relation: string): string {
  return isQuery(relation) ? `${queryOf(relation)} as source` : relation;
}

/** True for `(select …)`. */
export function isQuery(relation: string): boolean {
  return relation.trim().startsWith('(');
}

/** A relation as a query without brackets around it. */
export function selectFrom(relation: string): string {
  return `select * from ${sourceOf(relation)}`;
}

function queryOf(relation: string): string {
  return relation.trim().replace(/;\s*$/, '');
}

const READERS: Readonly<Record<string, string>> = {
  '.parquet': 'read_parquet',
  '.csv': 'read_csv',
  '.tsv': 'read_csv',
  '.json': 'read_json',
  '.jsonl': 'read_json',
  '.ndjson': 'read_json',
};

/**
 * A file of rows as a relation that DuckDB reads: Parquet, CSV or TSV (also `.gz`), JSON lines; `*` names several files
 * that are read as one. Undefined for any other name.
 */
export function fileRelation(path: string): string | undefined {
  const reader = READERS[extname(path.replace(/\.(?:gz|zst)$/i, '')).toLowerCase()];
  return reader === undefined ? undefined : `(select * from ${reader}(${quoteText(path)}))`;
}

/** Name of the data that a relation holds, fit for a file and a table: `session_stats`; the suite's for a query. */
export function dataNameOf(relation: string, suiteName: string): string {
  const file = /read_(?:parquet|csv|json)\('(?:.*[/\\])?([^'/\\]+?)(?:\.\w+)+'\)/.exec(relation)?.[1];
  return cleanName(file ?? (isQuery(relation) ? suiteName : relation.replaceAll('"', ''))) || 'data';
}

/** A name of letters, digits, `_` and `-` alone. */
export function cleanName(name: string): string {
  return name.replace(/[^\p{L}\p{N}_-]+/gu, '_').replace(/^_+|_+$/g, '');
}
