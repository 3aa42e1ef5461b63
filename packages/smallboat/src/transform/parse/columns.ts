import type { ColumnInfo, Constraint } from '../manifest/node.ts';
import { isRecord, listOf, recordOf, textOf, textOrNull, textsOf } from '../project/plain.ts';

/** The columns of a properties entry by their names, as the manifest has them. */
export function columnsOf(entries: unknown): Record<string, ColumnInfo> {
  return Object.fromEntries(
    listOf(entries)
      .filter(isRecord)
      .flatMap((entry) => {
        const name = textOf(entry['name']);
        return name === undefined ? [] : [[name, columnOf(name, entry)] as const];
      }),
  );
}

function columnOf(name: string, entry: Readonly<Record<string, unknown>>): ColumnInfo {
  const config = recordOf(entry['config']);
  const meta = { ...recordOf(entry['meta']), ...recordOf(config['meta']) };
  const tags = [...new Set([...textsOf(entry['tags']), ...textsOf(config['tags'])])];
  const known = new Set([
    'name',
    'description',
    'meta',
    'data_type',
    'constraints',
    'quote',
    'config',
    'tags',
    'granularity',
    'tests',
    'data_tests',
    'docs',
  ]);
  const others = Object.fromEntries(Object.entries(entry).filter(([key]) => !known.has(key)));
  return {
    name,
    description: textOf(entry['description']) ?? '',
    meta,
    data_type: textOrNull(entry['data_type']),
    constraints: constraintsOf(entry['constraints']),
    quote: typeof entry['quote'] === 'boolean' ? entry['quote'] : null,
    config: { ...config, meta, tags },
    tags,
    granularity: textOrNull(entry['granularity']),
    doc_blocks: [],
    ...others,
  };
}

export function constraintsOf(entries: unknown): Constraint[] {
  return listOf(entries)
    .filter(isRecord)
    .map((entry) => ({
      type: textOf(entry['type']) ?? 'custom',
      name: textOrNull(entry['name']),
      expression: textOrNull(entry['expression']),
      warn_unenforced: entry['warn_unenforced'] !== false,
      warn_unsupported: entry['warn_unsupported'] !== false,
      to: textOrNull(entry['to']),
      to_columns: textsOf(entry['to_columns']),
      ...(entry['columns'] === undefined ? {} : { columns: textsOf(entry['columns']) }),
    }));
}
