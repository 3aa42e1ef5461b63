import type { RawColumn, RawSource, RawTable } from './raw-table.ts';
import { EPOCH_MS_RANGE } from './raw-table.ts';
import type { RawFile } from './raw-files.ts';
import { quoteName, quoteText } from './sql-text.ts';

/** Begins the message of a value that cannot be right; after it come the column's number in `source` and the value. */
export const BAD_VALUE = 'smallboat-bad-value';

/** The statement that makes the raw table where it is not there yet. */
export function createTableSql(relation: string, table: RawTable): string {
  const columns = table.columns.map(({ name, from }) => `${quoteName(name)} ${typeOf(table, from)}`);
  return `CREATE TABLE IF NOT EXISTS ${relation} (${columns.join(', ')})`;
}

function typeOf(table: RawTable, from: RawSource): string {
  switch (from.kind) {
    case 'column':
      return { text: 'VARCHAR', epochMs: 'TIMESTAMP', list: 'JSON' }[columnNamed(table, from.column).kind];
    case 'json':
      return 'JSON';
    case 'loadedAt':
      return 'TIMESTAMP';
    case 'constant':
    default:
      return 'VARCHAR';
  }
}

/**
 * The statement that loads a file into its table, in one pass and in parallel. One parameter: when it is loaded, in ms.
 *
 * The JSON is made by `json_object`. On 1.2 M events of four texts, 2 cores: 0.65 s for the whole load, as for a struct
 * cast to JSON; 0.8 s by joining texts, and that needs escaping besides. Reading all four keys back takes 0.24 s with `->>` a key
 * each, 0.16 s with one `json_extract_string` of four paths, 0.12 s with one `json_transform` to a struct.
 */
export function loadSql(relation: string, file: RawFile): string {
  const columns = file.table.columns.map(({ from }) => valueSql(file, from));
  return `INSERT INTO ${relation} SELECT ${columns.join(', ')} FROM ${readerSql(file)}`;
}

function readerSql({ path, format, columns, table }: RawFile): string {
  if (format === 'parquet') return `read_parquet(${quoteText(path)})`;
  const types = columns.map(({ name }) => {
    const type = table.source.find((column) => column.name === name)?.kind === 'epochMs' ? 'BIGINT' : 'VARCHAR';
    return `${quoteText(name)}: '${type}'`;
  });
  // Nothing is left to be guessed from a sample, and nothing wrong is skipped.
  return `read_csv(${quoteText(path)}, columns = {${types.join(', ')}}, header = true, delim = ',', quote = '"', escape = '"',
    compression = '${format === 'csv.gz' ? 'gzip' : 'none'}', auto_detect = false, strict_mode = true, ignore_errors = false, null_padding = false)`;
}

function valueSql(file: RawFile, from: RawSource): string {
  const { table } = file;
  switch (from.kind) {
    case 'column': {
      const column = columnNamed(table, from.column);
      const sql = columnSql(file, column);
      return column.kind === 'text' ? `nullif(${sql}, '')` : sql;
    }
    case 'json': {
      const fields = from.columns.map((name) => {
        const column = columnNamed(table, name);
        const sql = columnSql(file, column);
        return `${quoteText(name)}, ${column.kind === 'text' ? `coalesce(${sql}, '')` : sql}`;
      });
      return `json_object(${fields.join(', ')})`;
    }
    case 'constant':
      return quoteText(from.value);
    case 'loadedAt':
    default:
      return 'make_timestamp_ms($1)';
  }
}

function columnSql(file: RawFile, column: RawColumn): string {
  const name = quoteName(column.name);
  const type = file.columns.find((found) => found.name === column.name)?.type ?? 'VARCHAR';
  switch (column.kind) {
    case 'epochMs':
      return epochSql(name, type, badValue(file.table, column));
    case 'list':
      return type.endsWith(']') ? `to_json(${name})` : listSql(name, badValue(file.table, column));
    case 'text':
    default:
      return file.format === 'parquet' ? `CAST(${name} AS VARCHAR)` : name;
  }
}

function epochSql(name: string, type: string, bad: string): string {
  const [from, to] = EPOCH_MS_RANGE;
  if (type.startsWith('TIMESTAMP')) {
    return `CASE WHEN epoch_ms(${name}) BETWEEN ${from} AND ${to} THEN CAST(${name} AS TIMESTAMP) ELSE ${bad} END`;
  }
  const number = `TRY_CAST(${name} AS BIGINT)`;
  return `CASE WHEN ${number} BETWEEN ${from} AND ${to} THEN make_timestamp_ms(${number}) ELSE ${bad} END`;
}

/** The cast is the check of the JSON: asking `json_valid` before it makes the load of vectors twice as slow. */
function listSql(name: string, bad: string): string {
  const json = `replace(${name}, '''', '"')`;
  return `CASE WHEN ${name} IS NULL OR ${name} = '' THEN NULL WHEN ${name}[1] = '[' THEN CAST(${json} AS JSON) ELSE ${bad} END`;
}

function badValue(table: RawTable, column: RawColumn): string {
  const at = table.source.findIndex(({ name }) => name === column.name);
  return `error('${BAD_VALUE} ${at} ' || coalesce(CAST(${quoteName(column.name)} AS VARCHAR), ''))`;
}

function columnNamed(table: RawTable, name: string): RawColumn {
  const column = table.source.find((column) => column.name === name);
  if (column === undefined) throw new TypeError(`${table.table} takes a column ${name} that is not in its source`);
  return column;
}
