import { aliased } from '../../run/aliased.ts';
import type { Cell, ColumnType, Row, Warehouse } from '../../../warehouse/index.ts';
import { quoteName } from '../../../warehouse/index.ts';
import type { Sql } from '../../dialect/sql.ts';
import type { TypeFamily } from '../../dialect/type-family.ts';
import { familyOf } from '../../dialect/type-family.ts';
import type { Form } from './patterns.ts';
import { FORMS, TRIMMED } from './patterns.ts';

/** What is known of a column's values: of all rows where it says nothing else, of a sample where counting all would take long. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly family: TypeFamily;
  readonly missing: number;
  readonly min: Cell;
  readonly max: Cell;
  /** Lengths of texts. */
  readonly shortest: number | null;
  readonly longest: number | null;
  readonly sample: {
    /** Rows of the sample with a value, and how many different values these have. */
    readonly values: number;
    readonly distinct: number;
    /** Values that have each form, by its name. */
    readonly forms: ReadonlyMap<string, number>;
    readonly json: number | null;
    /** Quantiles of numbers at 1 %, 50 % and 99 %. */
    readonly quantiles: readonly (number | null)[];
  };
  /** The values there are and how often, where there are few. */
  readonly values: readonly { readonly value: Cell; readonly count: number }[] | null;
}

export interface TableProfile {
  readonly rows: number;
  readonly sampleRows: number;
  readonly columns: readonly ColumnProfile[];
  /** Pairs of columns that together are different in every row of the sample. */
  readonly keys: readonly (readonly [string, string])[];
  /** Pairs of times of which the first is never after the second in the sample. */
  readonly ordered: readonly (readonly [string, string])[];
}

export interface ProfileOptions {
  readonly warehouse: Warehouse;
  readonly sql: Sql;
  readonly columns: readonly ColumnType[];
  readonly source: string;
  /** Rows of the sample. */
  readonly sampleRows: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

const SAMPLE = 'smallboat_sample';
/** Different values that are few. */
const FEW = 30;
/** Pairs of columns that are tried as a key, and times whose order is looked at. */
const PAIRS = 12;
const TIMES = 6;

/** Looks at a relation: one scan of all rows for what is cheap, a sample for the rest, and the values of columns that have few. */
export async function profile(options: ProfileOptions): Promise<TableProfile> {
  const { warehouse, sql, columns, source, sampleRows, seed, signal } = options;
  const ask = async (aggregates: readonly string[], from: string): Promise<readonly Cell[]> => {
    if (aggregates.length === 0) return [];
    const listed = aggregates.map((aggregate, i) => `${aggregate} as a${i}`).join(',\n');
    const [found = {}] = await warehouse.query(
      `select\n${listed}\nfrom ${from}`,
      signal === undefined ? {} : { signal },
    );
    const row = aliased(found);
    return aggregates.map((_, i) => row[`a${i}`] ?? null);
  };
  const whole = columns.map((column) => wholeAggregates(column));
  const [rowCount = 0, ...found] = await ask(['count(*)', ...whole.flatMap((one) => one)], source);
  const rows = Number(rowCount);
  for (const statement of sql.temporaryTable(
    SAMPLE,
    `select * from ${sql.sample(source, { wanted: sampleRows, of: rows, seed })}`,
  ))
    await warehouse.execute(statement);
  try {
    const parts = columns.map((column) => sampleAggregates(column, sql));
    const [sampled = 0, ...inSample] = await ask(
      ['count(*)', ...parts.flatMap(({ aggregates }) => aggregates)],
      SAMPLE,
    );
    let [at, sampleAt] = [0, 0];
    const profiles: ColumnProfile[] = [];
    for (const [i, column] of columns.entries()) {
      const all = found.slice(at, (at += whole[i]?.length ?? 0));
      const part = parts[i];
      if (part === undefined) continue;
      const sample = part.read(inSample.slice(sampleAt, (sampleAt += part.aggregates.length)));
      const [present, min = null, max = null, shortest = null, longest = null] = all;
      const family = familyOf(column.type);
      profiles.push({
        ...column,
        family,
        missing: rows - Number(present ?? 0),
        min,
        max,
        shortest: shortest === null ? null : Number(shortest),
        longest: longest === null ? null : Number(longest),
        sample,
        values: isEnumerable(family) && sample.distinct <= FEW ? await valuesOf(column, options) : null,
      });
    }
    const pairs = keyPairs(profiles);
    const times = timePairs(profiles);
    const counts = await ask(
      [
        ...pairs.map((pair) => `count(distinct ${sql.key(pair.map(quoteName))})`),
        ...times.map(([a, b]) => sql.countIf(`${quoteName(a)} > ${quoteName(b)}`)),
      ],
      SAMPLE,
    );
    return {
      rows,
      sampleRows: Number(sampled),
      columns: profiles,
      keys: pairs.filter((_, i) => Number(counts[i]) === Number(sampled) && Number(sampled) > 0),
      ordered: times.filter((_, i) => Number(counts[pairs.length + i]) === 0),
    };
  } finally {
    await warehouse.execute(`drop table if exists ${SAMPLE}`);
  }
}

function isEnumerable(family: TypeFamily): boolean {
  return family === 'text' || family === 'integer' || family === 'boolean';
}

function isOrdered(family: TypeFamily): boolean {
  return family !== 'other' && family !== 'boolean' && family !== 'text';
}

function wholeAggregates({ name, type }: ColumnType): readonly string[] {
  const quoted = quoteName(name);
  const family = familyOf(type);
  if (family === 'text')
    return [`count(${quoted})`, 'null', 'null', `min(length(${quoted}))`, `max(length(${quoted}))`];
  if (isOrdered(family)) return [`count(${quoted})`, `min(${quoted})`, `max(${quoted})`];
  return [`count(${quoted})`];
}

interface SamplePart {
  readonly aggregates: readonly string[];
  readonly read: (cells: readonly Cell[]) => ColumnProfile['sample'];
}

function sampleAggregates({ name, type }: ColumnType, sql: Sql): SamplePart {
  const quoted = quoteName(name);
  const family = familyOf(type);
  const isText = family === 'text';
  const forms: readonly Form[] = isText ? [...FORMS, TRIMMED] : [];
  const json = isText ? sql.isJson(quoted) : undefined;
  const isNumber = family === 'integer' || family === 'decimal' || family === 'float';
  const double = `cast(${quoted} as ${sql.doubleType})`;
  const finite = family === 'float' ? (sql.finite?.(double) ?? double) : double;
  const quantiles = isNumber ? sql.quantiles(finite, [0.01, 0.5, 0.99], 'disc') : undefined;
  const measures = Object.entries(quantiles?.measures ?? {}).map(([key, aggregate]) => ({
    key,
    text: typeof aggregate === 'string' ? aggregate : aggregate.call(aggregate.of),
  }));
  return {
    aggregates: [
      `count(${quoted})`,
      family === 'other' ? '0' : `count(distinct ${quoted})`,
      ...forms.map(({ regex }) => sql.countIf(sql.matches(quoted, regex))),
      json === undefined ? '0' : sql.countIf(`${json} and ${sql.matches(quoted, '^ *[{\\[].*$')}`),
      ...measures.map(({ text }) => text),
    ],
    read([values = 0, distinct = 0, ...rest]) {
      const [found, jsons, ranks] = [rest.slice(0, forms.length), rest[forms.length], rest.slice(forms.length + 1)];
      const measured = Object.fromEntries(measures.map(({ key }, i) => [key, ranks[i] ?? null]));
      return {
        values: Number(values),
        distinct: Number(distinct),
        forms: new Map(forms.map((form, i) => [form.name, Number(found[i] ?? 0)])),
        json: json === undefined ? null : Number(jsons ?? 0),
        quantiles: (quantiles?.read(measured) ?? []).map((value) => (value === null ? null : Number(value))),
      };
    },
  };
}

/** All values of a column and how often they occur; null where all rows together have more of them than the sample let hope. */
async function valuesOf(
  { name }: ColumnType,
  { warehouse, source, signal }: ProfileOptions,
): Promise<ColumnProfile['values']> {
  const quoted = quoteName(name);
  const rows: readonly Row[] = await warehouse.query(
    `select ${quoted} as value, count(*) as n from ${source} where ${quoted} is not null group by ${quoted} order by n desc, value limit ${4 * FEW}`,
    signal === undefined ? {} : { signal },
  );
  if (rows.length === 4 * FEW) return null;
  return rows.map(aliased).map(({ value = null, n = null }) => ({ value, count: Number(n) }));
}

/** Pairs of columns that may be a key: both always there, neither a key alone, the most various first. */
function keyPairs(profiles: readonly ColumnProfile[]): readonly (readonly [string, string])[] {
  const various = profiles
    .filter(
      ({ missing, family, sample }) => missing === 0 && family !== 'float' && family !== 'other' && sample.distinct > 1,
    )
    .filter(({ sample }) => sample.distinct < sample.values)
    .sort((a, b) => b.sample.distinct - a.sample.distinct);
  const isKeyed = profiles.some(
    ({ missing, sample, family }) => missing === 0 && isKeyLike(family) && sample.distinct === sample.values,
  );
  return isKeyed ? [] : pairsOf(various.map(({ name }) => name)).slice(0, PAIRS);
}

/** Can a column of such values be a key by more than chance? */
export function isKeyLike(family: TypeFamily): boolean {
  return family === 'text' || family === 'integer';
}

function timePairs(profiles: readonly ColumnProfile[]): readonly (readonly [string, string])[] {
  const times = profiles.filter(
    ({ family }) => family === 'date' || family === 'timestamp' || family === 'timestamptz',
  );
  const names = times.slice(0, TIMES).map(({ name }) => name);
  return names.flatMap((a) => names.flatMap((b): (readonly [string, string])[] => (a === b ? [] : [[a, b]])));
}

function pairsOf(names: readonly string[]): readonly (readonly [string, string])[] {
  return names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));
}
