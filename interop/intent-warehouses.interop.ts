import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RAW_SCHEMA, rawTables } from '../apps/intent/raw-tables.ts';
import { browsingSql } from '../apps/intent/steps/validate.ts';
import type { Examples, SequenceBatch } from '../packages/smallboat/src/features/index.ts';
import {
  FEATURE_NAMES,
  guardFuture,
  openSessionsSql,
  readDataset,
  readSequences,
  readSessions,
} from '../packages/smallboat/src/features/index.ts';
import { cartContextSql, cartEventsSql } from '../packages/smallboat/src/features/cart-sql.ts';
import { readSuite, validate } from '../packages/smallboat/src/quality/index.ts';
import { generateDataset } from '../packages/smallboat/src/synthetic/index.ts';
import { buildProject, transform } from '../packages/smallboat/src/transform/index.ts';
import type { Cell, Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { ingest, openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { FakeSnowflake } from './fakesnow.ts';
import { startFakeSnowflake } from './fakesnow.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';
import { python } from './python.ts';
import { REDSHIFT_CATALOGUE, startFakeRedshift } from './redshift.ts';

/** The tables and the dataset of apps/intent, on every warehouse from the same files: each must have what DuckDB has, row by row and byte by byte. */

const app = join(import.meta.dirname, '../apps/intent');
let folder = '';
let postgres: PostgresServer;
let snowflake: FakeSnowflake;
let expected: Warehouse;
const others = new Map<string, Warehouse>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-warehouses-'));
  await generateDataset({ folder: join(folder, 'sample'), rows: 20_000, seed: 3 });
  await writeOddities(join(folder, 'odd'));
  [postgres, snowflake] = await Promise.all([startPostgres(), startFakeSnowflake()]);
  // A database that orders texts as a dictionary does, not by their bytes.
  await postgres.psql(
    'postgres',
    "create database dictionary template template0 encoding 'UTF8' locale_provider icu icu_locale 'en-US'",
  );
  expected = await openWarehouse('duckdb::memory:');
  others.set('PostgreSQL', await openWarehouse(`${postgres.url}/dictionary`, { env: postgres.env }));
  others.set('Snowflake', await openWarehouse(snowflake.url('SHOP'), { env: snowflake.env }));
  for (const warehouse of [expected, ...others.values()]) await build(warehouse);
});
afterAll(async () => {
  for (const one of [expected, ...others.values(), postgres, snowflake]) await one?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function build(warehouse: Warehouse): Promise<void> {
  for (const [i, part] of ['sample', 'odd', 'odd/later'].entries()) {
    const now = new Date(Date.UTC(2019, 5, 1 + i));
    await ingest(warehouse, { folder: join(folder, part), tables: rawTables, schema: RAW_SCHEMA, now });
  }
  const { results } = await buildProject({
    project: join(app, 'dbt'),
    warehouse,
    targetFolder: join(folder, `target-${warehouse.dialect}`),
  });
  expect(results.filter(({ status }) => !['success', 'pass'].includes(status))).toEqual([]);
}

/** What files may hold and samples do not: names whose order depends on who orders them, events at one time, doubled rows, products without a price. */
async function writeOddities(to: string): Promise<void> {
  await mkdir(join(to, 'later'), { recursive: true });
  const at = Date.UTC(2019, 1, 3, 10, 0, 0, 7);
  const url = ['Zoo', 'apple', 'été', '_x', '', "it's", 'Äpfel'];
  const events: string[] = [];
  for (const [i, id] of ['b', 'B', 'a', 'A', 'é', '-1', '_', "o'k"].entries()) {
    for (let n = 0; n < 9; n++) {
      const when = at + (n >> 1) * 900;
      const [type, action] =
        n % 3 === 0 ? ['pageview', ''] : ['event_product', ['add', 'detail', 'remove'][(n + i) % 3]];
      events.push(`${id},${type},${action},${n % 4 === 0 ? '' : `P${n % 2}`},${when},${url[(n + i) % 7]}`);
    }
    if (i % 2 === 0) events.push(`${id},event_product,purchase,P1,${at + 60_000},`);
  }
  const browsing = 'session_id_hash,event_type,product_action,product_sku_hash,server_timestamp_epoch_ms,hashed_url';
  await writeFile(join(to, 'browsing_train.csv'), `${browsing}\n${[...events, ...events.slice(0, 20)].join('\n')}\n`);
  const more = events.slice(0, 7).map((row) => row.replace(/^[^,]+/, 'later'));
  await writeFile(join(to, 'later/browsing_train.csv'), `${browsing}\n${more.join('\n')}\n`);
  const search = 'session_id_hash,query_vector,clicked_skus_hash,product_skus_hash,server_timestamp_epoch_ms';
  const lists = ["a,\"[1, 2.5e-3, -0.1]\",,\"['p', 'q', 'p']\"", 'b,,,"[]"', 'c,"[]",,', 'd,,"[\'x\']","[\'z\']"'];
  await writeFile(join(to, 'search_train.csv'), `${search}\n${lists.map((row) => `${row},${at}`).join('\n')}\n`);
  await writeFile(join(to, 'later/search_train.csv'), `${search}\nlater,,,"['p']",${at}\n`);
  const content = 'product_sku_hash,description_vector,category_hash,image_vector,price_bucket';
  const products = [
    'P0,"[0.5, 1]",c,,7.0',
    'P1,,,"[]",',
    'P2,,,,dear',
    'p2,,,,-1',
    'P3,"[]",c,"[1e-7]",3',
    'é,,,,12.0',
  ];
  await writeFile(join(to, 'sku_to_content.csv'), `${content}\n${products.join('\n')}\n`);
  await writeFile(join(to, 'later/sku_to_content.csv'), `${content}\nP0,,,,9\n`);
}

const MODELS = [
  'browsing_flattened',
  'content_flattened',
  'search_flattened',
  'distinct_events',
  'session_stats',
  'sessions',
  'cart_sessions',
] as const;

/** Lists and objects come as such or as their JSON, times with as many digits as there are. */
function plain(cell: unknown): unknown {
  if (typeof cell === 'bigint') return Number(cell);
  if (Array.isArray(cell)) return cell.map(plain);
  if (cell !== null && typeof cell === 'object') {
    const entries = Object.entries(cell).map(([name, value]) => [name, plain(value)] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (typeof cell !== 'string') return cell;
  if (/^[[{]/.test(cell)) return plain(JSON.parse(cell));
  return /^\d{4}-\d\d-\d\d[ T]/.test(cell) ? cell.replace('T', ' ').replace(/\.?0*$/, '') : cell;
}

async function rowsOf(warehouse: Warehouse, model: string): Promise<readonly string[]> {
  const { columns, rows } = await warehouse.table(`select * from public.${model}`);
  const line = (cells: readonly Cell[]): string => JSON.stringify(cells.map(plain));
  return [columns.map(({ name }) => name.toLowerCase()).join(), ...rows.map(line).sort()];
}

const bytesOf = ({ tokens, offsets, labels, decision, session, context }: Examples) => ({
  tokens,
  offsets,
  labels,
  decision,
  session,
  context,
});

async function suitesOn(warehouse: Warehouse): Promise<unknown> {
  const asked = [
    ['browsing_train.json', `(${await browsingSql(warehouse.dialect)})`],
    ['public.content_flattened.warning.json', 'public.content_flattened'],
    ['public.session_stats.json', 'public.session_stats'],
  ] as const;
  const found: unknown[] = [];
  for (const [file, relation] of asked) {
    const suite = await readSuite(join(app, 'expectations', file));
    const { results } = await validate({ suite, warehouse, relation, runName: 'compared' });
    const about = results.map(({ expectation_config, success, result }) => {
      const isOfTypes = JSON.stringify(expectation_config).includes('be_in_type_list');
      return [success, isOfTypes ? 'a name of its own' : result];
    });
    found.push(about);
  }
  return found;
}

describe.each(['PostgreSQL', 'Snowflake'])('on %s', (name) => {
  const on = (): Warehouse => others.get(name) ?? expected;

  it.each(MODELS)('has the rows of %s that DuckDB has', async (model) => {
    const rows = await rowsOf(expected, model);
    expect(rows.length).toBeGreaterThan(50);
    expect(await rowsOf(on(), model)).toEqual(rows);
  });

  it.each([
    { what: 'with all features', options: { features: FEATURE_NAMES } },
    { what: 'with actions alone', options: {} },
    { what: 'by the protocol of the seed', options: { protocol: 'seed' } },
  ] as const)('gives the same dataset, byte for byte: $what', async ({ options }) => {
    const [here, there] = [await readDataset(expected, options), await readDataset(on(), options)];
    expect(there.features).toEqual(here.features);
    expect(there.splitAt).toEqual(here.splitAt);
    for (const part of ['train', 'validation', 'test'] as const) {
      expect(bytesOf(there[part])).toEqual(bytesOf(here[part]));
    }
    expect(await guardFuture(on(), there)).toEqual(await guardFuture(expected, here));
  });

  it('gives the same sessions to ask an endpoint about, and to score', async () => {
    const asked = { from: Date.UTC(2019, 0, 15), until: Date.UTC(2019, 1, 4), every: 3, limit: 40 };
    const sessions = await readSessions(expected, asked);
    expect(sessions.length).toBeGreaterThan(10);
    expect(await readSessions(on(), asked)).toEqual(sessions);
    const { features, maxEvents } = await readDataset(expected, { features: FEATURE_NAMES });
    const rule = { rule: { maxEvents }, ...(features === undefined ? {} : { features }) };
    const found: SequenceBatch[][] = [[], []];
    for (const [i, warehouse] of [expected, on()].entries()) {
      for await (const batch of readSequences(warehouse, rule)) found[i]?.push(batch);
    }
    expect(found[1]).toEqual(found[0]);
  });

  it('meets and fails the same expectations, by the same counts', async () => {
    expect(await suitesOn(on())).toEqual(await suitesOn(expected));
  });
});

it('is the same project to dbt-core with dbt-postgres: the same rows', async () => {
  const target = join(folder, 'target-dbt');
  const program = `
import sys
from dbt.cli.main import dbtRunner
r = dbtRunner().invoke(['build', '--project-dir', '.', '--profiles-dir', '.', '--target', 'postgres', '--target-path', '${target}', '--log-path', '${target}'])
sys.exit(0 if r.success else str(r.exception or [x.message for x in r.result if x.message]))`;
  const { host, port, user, password } = postgres;
  const place = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password, PGDATABASE: 'dictionary' };
  const env = { ...place, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' };
  const warehouse = others.get('PostgreSQL') ?? expected;
  for (const model of MODELS) await warehouse.execute(`drop view if exists public.${model} cascade`).catch(() => 0);
  for (const model of MODELS) await warehouse.execute(`drop table if exists public.${model} cascade`);
  await python('dbt-postgres', ['-c', program], { cwd: join(app, 'dbt'), env });
  for (const model of MODELS) expect(await rowsOf(warehouse, model)).toEqual(await rowsOf(expected, model));
});

it('writes what the grammar of Redshift takes, without what Redshift has not', async () => {
  await using redshift = await startFakeRedshift(postgres);
  const database = await postgres.database();
  await postgres.psql(database, REDSHIFT_CATALOGUE);
  const url = `redshift://${postgres.user}@127.0.0.1:${redshift.port}/${database}?sslmode=prefer`;
  await using warehouse = await openWarehouse(url, { env: { REDSHIFT_PASSWORD: postgres.password } });
  const { results } = await transform(join(app, 'dbt'), {
    warehouse,
    targetFolder: join(folder, 'target-redshift'),
  }).compile();
  const models = results.map(({ compiledSql }) => compiledSql ?? '');
  expect(models.length).toBeGreaterThan(40);
  const { features } = await readDataset(expected, { features: FEATURE_NAMES });
  if (features === undefined) throw new Error('no features');
  const asked = {
    dialect: 'redshift',
    relation: 'public.distinct_events',
    products: 'public.content_flattened',
  } as const;
  const context = { ...asked, set: features, lastDay: '2019-01-20' };
  const statements = [
    ...models,
    await cartEventsSql('redshift', asked.relation),
    await cartContextSql(context),
    await cartContextSql({
      ...context,
      known: true,
      sessions: await openSessionsSql('redshift', asked.relation, true),
    }),
    await browsingSql('redshift'),
  ];
  for (const sql of statements) {
    expect(sql.replaceAll(/--.*|'[^']*'/g, '')).not.toMatch(
      /concat_ws|jsonb_|->>|\bwindow\b|is not distinct from|\bvalues\b|\blateral\b|array_agg|collate|\bfilter\b|interval/i,
    );
  }
  const program = `
import json, sys, sqlglot
for sql in json.load(sys.stdin):
    sqlglot.parse(sql, read='redshift', error_level=sqlglot.ErrorLevel.RAISE)
print('sound')`;
  const list = join(folder, 'statements.json');
  await writeFile(list, JSON.stringify(statements));
  expect(await python('fakesnow', ['-c', program.replace('sys.stdin', `open(${JSON.stringify(list)})`)])).toBe(
    'sound\n',
  );
});
