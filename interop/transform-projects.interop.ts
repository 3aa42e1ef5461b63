import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Warehouse } from '../packages/smallboat/src/warehouse/index.ts';
import { openWarehouse, splitStatements } from '../packages/smallboat/src/warehouse/index.ts';
import { parseYaml } from '../packages/smallboat/src/transform/index.ts';
import type { Ran, Side, SideName, Step } from './dbt/both.ts';
import { runBoth } from './dbt/both.ts';
import { catalogOf, freshnessOf, graphOf, manifestOf, resultsOf } from './dbt/compare.ts';
import { everyRow } from './dbt/rows.ts';
import { startPostgres } from './postgres.ts';

/** Whole projects through the command lines of both: each step's exit code and artifacts, and every row of every relation at the end. */
const projects = fileURLToPath(new URL('./dbt/projects', import.meta.url));

const DATABASE = 'warehouse.duckdb';
const env = (): Record<string, string> => ({ MARKET_PATH: DATABASE, DBT_ENV_CUSTOM_ENV_WHO: 'both' });

/** Verbs of dbt that write no run_results.json, or one that we do not write. */
const WITHOUT_RESULTS = new Set(['parse', 'show', 'deps', 'clean', 'debug']);

function facts(step: Ran, side: Side): Record<string, unknown> {
  const verb = step.args[0] ?? '';
  if (verb === 'list' || verb === 'ls')
    return { call: step.args, code: step.code, lines: step.lines.toSorted((a, b) => (a < b ? -1 : 1)) };
  return {
    call: step.args,
    code: step.code,
    ...(WITHOUT_RESULTS.has(verb) || step.code === 2
      ? {}
      : { results: resultsOf(step, (text) => text.replaceAll(side.folder, '')) }),
    manifest: manifestOf(step),
    graph: graphOf(step),
    catalog: catalogOf(step),
    freshness: freshnessOf(step),
  };
}

/** Where the two of a project work: a warehouse a side. */
interface Place extends Pick<Parameters<typeof runBoth>[1], 'env' | 'python'> {
  open(side: SideName, folder: string): Promise<Warehouse>;
}

const onDuckdb: Place = {
  env,
  open: (_side, folder) => openWarehouse(`duckdb:${join(folder, DATABASE)}`),
};

/** Holds all that both did of a project to each other, step by step. @returns how many nodes ran, and rows that are there. */
async function expectTheSame(
  project: string,
  steps: readonly Step[],
  { place = onDuckdb, sql }: { readonly place?: Place; readonly sql?: string } = {},
): Promise<{ nodes: number; rows: number }> {
  const { ours, theirs } = await runBoth(project, {
    steps,
    ...place,
    ...(sql === undefined
      ? {}
      : {
          prepare: async (side, folder) => {
            await using warehouse = await place.open(side, folder);
            for (const statement of splitStatements(sql)) await warehouse.execute(statement);
          },
        }),
  });
  let nodes = 0;
  for (const [i, step] of ours.steps.entries()) {
    const other = theirs.steps[i];
    if (!other) throw new Error(`dbt did not take step ${i}`);
    const [a, b] = [facts(step, ours), facts(other, theirs)];
    expect.soft(a, `${step.args.join(' ')}\n${step.said.slice(-1500)}\n${other.said.slice(-1500)}`).toEqual(b);
    nodes += Object.keys(a['results'] ?? {}).length;
  }
  const rowsOf = async (side: SideName, folder: string): Promise<Awaited<ReturnType<typeof everyRow>>> => {
    await using warehouse = await place.open(side, folder);
    return await everyRow(warehouse); // it is closed behind this line
  };
  const [a, b] = [await rowsOf('ours', ours.folder), await rowsOf('theirs', theirs.folder)];
  expect.soft(Object.keys(a)).toEqual(Object.keys(b));
  for (const [name, rows] of Object.entries(b)) expect.soft(a[name], name).toEqual(rows);
  return { nodes, rows: Object.values(a).reduce((sum, rows) => sum + rows.length, 0) };
}

const words = (call: string): string[] =>
  [...call.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
const steps = (...calls: readonly string[]): Step[] => calls.map((call) => ({ args: words(call) }));

const TIMES = '--event-time-start 2024-01-04 --event-time-end 2024-01-06';

it('builds, changes, tests, documents and builds anew a project of many features', { timeout: 600_000 }, async () => {
  const ran = await expectTheSame(
    join(projects, 'market'),
    steps(
      'seed',
      'build --event-time-start 2024-01-01 --event-time-end 2024-01-05',
      `run --vars "{round: 2}" ${TIMES}`,
      'snapshot --vars "{round: 2}"',
      'test --vars "{round: 2}" --store-failures',
      'retry --vars "{round: 2}"',
      'docs generate --vars "{round: 2}"',
      'source freshness',
      'compile --select order_lines+ path:analyses',
      `build --full-refresh --vars "{round: 2}" ${TIMES}`,
      'run --empty',
      'run-operation count_of --args "{name: customers}"',
      'run-operation clear_audit',
      'run-operation nothing_there',
      'show --select order_lines --limit 2',
      'parse',
      'run --select no_such',
      'run --fail-fast --vars "{round: 3}" --select refusing order_lines+',
      `run --sample "{start: '2024-01-02', end: '2024-01-04'}" --select timed_orders daily`,
    ),
  );
  expect(ran.nodes).toBeGreaterThan(250);
  expect(ran.rows).toBeGreaterThan(100);
});

const SELECTIONS = [
  '+order_lines',
  '2+members_spend',
  'stg_orders+1',
  '@stg_customers',
  'tag:night*',
  'tag:nightly,config.materialized:table',
  'tag:raw tag:look',
  'models/marts',
  'path:models/marts/tiers',
  'path:seeds',
  'models/staging/*.sql',
  'file:by_*',
  'source:raw.ordered+',
  'source:market.raw.buyers',
  '+exposure:*',
  'config.severity:WARN',
  'config.meta.layer:one',
  'config.tags:staging',
  'config.contract.enforced:true',
  'test_type:singular',
  'test_type:unit',
  'test_type:nothing',
  'test_name:not*',
  'test_name:sizes_by_total',
  'unit_test:*',
  'package:this,resource_type:seed',
  'group:sales',
  'access:private',
  'version:latest',
  'version:prerelease',
  'tiers',
  'tiers.v2',
  'tiers_v1',
  'market.marts',
  '*orders*',
  'no_such',
  'nothing:x',
  '+order_lines,tag:staging by_key+',
  'result:error --state target',
  'state:modified --target-path elsewhere --state target --vars "{round: 2}"',
  'state:modified.configs --target-path elsewhere --state target --vars "{round: 2}"',
  'state:old,tag:nightly --target-path elsewhere --state target',
];

it('chooses the same nodes for selections of all kinds', { timeout: 600_000 }, async () => {
  await expectTheSame(
    join(projects, 'market'),
    steps(
      'run --empty --vars "{round: 1}"',
      ...SELECTIONS.map((selection) => `list --select ${selection}`),
      'list --exclude tag:checked',
      'list --selector nightly',
      'list --selector cautious_marts',
      'list --selector again --exclude by_status',
      'list --resource-type all',
      'list --exclude-resource-type test model',
      'list --select stg_orders --indirect-selection cautious',
      'list --select stg_orders --indirect-selection buildable',
      'list --select stg_orders --indirect-selection empty',
      'list --output name',
      'list --output path',
      'list --output json --resource-type all',
      'list --output json --output-keys name group config.materialized config.alias',
      'list --models tag:staging',
    ),
  );
});

/**
 * Folders of public projects, which are not ours to keep here. A file `prepare.sql` in one makes the tables it reads, a statement a line's end;
 * `SMALLBOAT_DBT_ON=postgres` runs them on a real server in place of DuckDB.
 */
const given = process.env['SMALLBOAT_DBT_PROJECTS'];
const on = process.env['SMALLBOAT_DBT_ON'] ?? 'duckdb';

/** A server a side, since the name of the database is part of what is compared. */
async function onPostgres(stack: AsyncDisposableStack): Promise<Place & { readonly output: object }> {
  const servers = { ours: stack.use(await startPostgres()), theirs: stack.use(await startPostgres()) };
  for (const server of Object.values(servers)) await server.psql('postgres', 'create database shop');
  const variable = (name: string): string => `{{ env_var('SHOP_${name}') }}`;
  return {
    python: 'dbt-postgres',
    env: (side) => {
      const { host, port, user, password } = servers[side];
      return { SHOP_HOST: host, SHOP_PORT: String(port), SHOP_USER: user, SHOP_PASSWORD: password };
    },
    open: (side) => openWarehouse(`${servers[side].url}/shop`, { env: servers[side].env }),
    output: {
      type: 'postgres',
      host: variable('HOST'),
      port: `{{ env_var('SHOP_PORT') | int }}`,
      user: variable('USER'),
      password: variable('PASSWORD'),
      dbname: 'shop',
      schema: 'main',
      threads: 1,
    },
  };
}

describe.runIf(given !== undefined)('projects of others, in the folder SMALLBOAT_DBT_PROJECTS', () => {
  const folder = given ?? '';
  const names =
    given === undefined ? [] : readdirSync(folder).filter((name) => existsSync(join(folder, name, 'dbt_project.yml')));
  it.each(names)('%s', { timeout: 600_000 }, async (name) => {
    await using stack = new AsyncDisposableStack();
    const place =
      on === 'postgres'
        ? await onPostgres(stack)
        : { ...onDuckdb, output: { type: 'duckdb', path: DATABASE, schema: 'main', threads: 1 } };
    const copy = join(mkdtempSync(join(tmpdir(), 'smallboat-dbt-')), basename(name));
    cpSync(join(folder, name), copy, { recursive: true });
    const { data } = parseYaml(readFileSync(join(copy, 'dbt_project.yml'), 'utf8'), 'dbt_project.yml');
    const { profile } = data as { profile: string };
    writeFileSync(
      join(copy, 'profiles.yml'),
      JSON.stringify({ [profile]: { target: 'dev', outputs: { dev: place.output } } }),
    );
    const sql = join(copy, 'prepare.sql');
    const ran = await expectTheSame(
      copy,
      steps('deps', 'seed', 'build', 'docs generate', 'build', 'list', 'list --output json', 'test --store-failures'),
      { place, ...(existsSync(sql) ? { sql: readFileSync(sql, 'utf8') } : {}) },
    );
    console.log(`${name}: ${ran.nodes} nodes and ${ran.rows} rows compared`);
  });
});
