import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';
import { ONLY_PANDAS, TYPES } from './quality/cases.ts';
import type { Peer, Tally } from './quality/differential.ts';
import { ask, compare, makeTables } from './quality/differential.ts';

/** Tables, and so cases of each type, for each engine. `QUALITY_CASES=50` asks more, `QUALITY_FROM=100` others. */
const cases = Number(process.env['QUALITY_CASES'] ?? 4);
const from = Number(process.env['QUALITY_FROM'] ?? 1);
const seeds = Array.from({ length: cases }, (_, i) => from + i);
const script = (name: string): string => join(import.meta.dirname, 'quality', name);

let folder = '';
let server: PostgresServer;
let database = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-gx-'));
  server = await startPostgres();
  database = await server.database();
  await using duckdb = await inDuckdb();
  await makeTables(duckdb, seeds);
  await using postgres = await inPostgres();
  await makeTables(postgres, seeds);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'tables.duckdb');
const inDuckdb = async (): Promise<Warehouse> => openWarehouse(`duckdb:${file()}`);
const inPostgres = async (): Promise<Warehouse> => openWarehouse(`${server.url}/${database}`, { env: server.env });

const isMatch = (type: string): boolean => /regex|like_pattern/.test(type);
const onSql = TYPES.filter((type) => !ONLY_PANDAS.has(type));

/** What must hold of a comparison: nothing differs, and the peer could answer at least half of the cases. */
function allSame(tallies: ReadonlyMap<string, Tally>, peer: string, most = cases): void {
  const all = [...tallies];
  const sum = (of: (tally: Tally) => number): number => all.reduce((total, [, tally]) => total + of(tally), 0);
  const same = sum((t) => t.same);
  const onlyOurs = all.flatMap(([type, t]) => (t.onlyOurs > 0 ? [`${type} ${t.onlyOurs}`] : []));
  console.log(
    `${peer}: ${same} the same, ${sum((t) => t.other.length)} others, ${sum((t) => t.bothRaised)} raised by both; ${sum((t) => t.onlyOurs)} it could not answer: ${onlyOurs.join(', ')}`,
  );
  for (const [type, { other }] of all) expect.soft(other, `${peer} ${type}`).toEqual([]);
  expect(same).toBeGreaterThan((all.length * Math.min(cases, most)) / 2);
}

describe('random cases of every expectation, field by field', () => {
  const versionOne = { env: 'gx', script: script('gx_cases.py') } as const;

  it('are answered as by Great Expectations 1.x on DuckDB', async () => {
    const questions = { types: onSql.filter((type) => !isMatch(type)), seeds };
    const peer: Peer = { ...versionOne, engine: 'sql', place: { database: file() }, job: join(folder, 'a.json') };
    const answers = await ask(peer, questions);
    await using warehouse = await inDuckdb();
    allSame(await compare(warehouse, questions, { answers, engine: 'sql' }), 'DuckDB');
  });

  it('are answered as by Great Expectations 1.x on PostgreSQL', async () => {
    const questions = { types: onSql, seeds };
    const { user, password, port } = server;
    const url = `postgresql+psycopg2://${user}:${password}@127.0.0.1:${port}/${database}`;
    const peer: Peer = {
      ...versionOne,
      env: 'gx-postgres',
      engine: 'sql',
      place: { url },
      job: join(folder, 'b.json'),
    };
    const answers = await ask(peer, questions);
    await using warehouse = await inPostgres();
    allSame(await compare(warehouse, questions, { answers, engine: 'sql' }), 'PostgreSQL');
  });

  it('are answered as by Great Expectations 1.x on pandas, where it has them for pandas only', async () => {
    const questions = { types: TYPES.filter((type) => ONLY_PANDAS.has(type) || /regex/.test(type)), seeds };
    const peer: Peer = { ...versionOne, engine: 'pandas', place: { database: file() }, job: join(folder, 'c.json') };
    const answers = await ask(peer, questions);
    await using warehouse = await inDuckdb();
    allSame(await compare(warehouse, questions, { answers, engine: 'pandas' }), 'pandas');
  });

  it('are answered as by Great Expectations 0.18 on DuckDB, of an old suite', async () => {
    // The other types it cannot ask of DuckDB, or not at all.
    // And it finds all values far away where all are the same: its DuckDB divides by nought.
    const not = /outliers|z_scores|proportion_of_non_null|multicolumn_values|unexpected_rows/;
    const questions = {
      types: onSql.filter((type) => !isMatch(type) && !not.test(type)),
      seeds: seeds.slice(0, 25),
      isOld: true,
    };
    const place = { database: file() };
    const peer: Peer = {
      env: 'gx-018',
      script: script('gx_cases_018.py'),
      engine: 'sql',
      place,
      job: join(folder, 'd.json'),
    };
    const answers = await ask(peer, questions);
    await using warehouse = await inDuckdb();
    const tallies = await compare(warehouse, questions, { answers, engine: 'sql' });
    allSame(tallies, '0.18', 25);
  });
});
