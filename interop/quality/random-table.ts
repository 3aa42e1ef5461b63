/** Random numbers from a seed, by mulberry32. */
export interface Random {
  (): number;
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const below = (r: Random, n: number): number => Math.floor(r() * n);
export const pick = <T>(r: Random, items: readonly T[]): T => items[below(r, items.length)] as T; // never empty here
export const some = <T>(r: Random, items: readonly T[], n: number): T[] =>
  Array.from({ length: n }, () => pick(r, items));
export const chance = (r: Random, p: number): boolean => r() < p;

export const WORDS = [
  'add',
  'remove',
  'click',
  '',
  ' ',
  'Ünïcode',
  '日本語',
  '🙂',
  "it's",
  '50%',
  'a_b',
  'line\nbreak',
  'ADD',
  'x1',
  'x22',
  '"q"',
  'NULL',
  'name 7',
];
export const JSONS = [
  '{"a": 1}',
  '{"a": "x", "b": [1, 2]}',
  '[]',
  'null',
  '12',
  '{a: 1}',
  '{"a": 1',
  'text',
  '{"b": 2}',
];
export const DATES = [
  '2016-08-01',
  '2016-02-29',
  '2015-02-29',
  '08/01/2016',
  '2016-8-1',
  'Aug 1 2016',
  'never',
  '2016-08-01T10:00:00',
  '20160801',
  '2016-13-01',
  '1/31/2016',
];

export interface Table {
  readonly name: string;
  /** Statement that makes it in DuckDB. */
  readonly sql: string;
  readonly rows: number;
}

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** A table of any size down to none, with columns of every kind, nulls, twins, Unicode, infinities and dates. */
export function randomTable(seed: number): Table {
  const r = random(seed);
  const rows = pick(r, [0, 1, 2, 3, 7, 20, 61, 250]);
  const span = pick(r, [1, 3, 10, 1000]);
  const hasInfinity = chance(r, 0.25);
  const columns: readonly (readonly [string, string, () => string])[] = [
    ['id', 'integer', () => ''],
    ['n', 'integer', () => String(below(r, 2 * span) - span)],
    ['m', 'bigint', () => String(below(r, span))],
    ['big', 'bigint', () => String(below(r, 1e9) * 1000)],
    [
      'x',
      'double',
      () =>
        hasInfinity && chance(r, 0.1)
          ? pick(r, ["cast('inf' as double)", "cast('-inf' as double)"])
          : String(Math.round((r() - 0.5) * span * 1e4) / 1e4),
    ],
    ['y', 'double', () => String(Math.round(r() * 8) / 4)],
    ['price', 'decimal(10, 2)', () => (below(r, 100 * span) / 100).toFixed(2)],
    ['word', 'varchar', () => text(pick(r, WORDS))],
    ['other', 'varchar', () => text(pick(r, WORDS.slice(0, 6)))],
    ['flag', 'boolean', () => String(chance(r, 0.5))],
    ['day', 'date', () => `date '2016-0${1 + below(r, 9)}-${10 + below(r, 18)}'`],
    [
      'moment',
      'timestamp',
      () =>
        `timestamp '2016-08-0${1 + below(r, 9)} ${10 + below(r, 13)}:0${below(r, 9)}:00${chance(r, 0.3) ? '.25' : ''}'`,
    ],
    ['json', 'varchar', () => text(pick(r, JSONS))],
    ['when', 'varchar', () => text(pick(r, DATES))],
    ['rising', 'integer', () => ''],
  ];
  const nulls = new Map(columns.map(([name]) => [name, pick(r, [0, 0, 0.1, 0.5, 1])]));
  let height = 0;
  const lines = Array.from({ length: rows }, (_, i) =>
    columns.map(([name, , make]) => {
      if (name === 'id') return String(i);
      if (name === 'rising') return String((height += chance(r, 0.1) ? -1 : below(r, 3)));
      return chance(r, nulls.get(name) ?? 0) ? 'null' : make();
    }),
  );
  const head = columns.map(([name, type]) => `"${name}" ${type}`).join(', ');
  const values = lines.map((line) => `(${line.join(', ')})`).join(',\n');
  const name = `t${seed}`;
  return {
    name,
    rows,
    sql: `create table ${name} (${head});${rows === 0 ? '' : `\ninsert into ${name} values ${values};`}`,
  };
}
