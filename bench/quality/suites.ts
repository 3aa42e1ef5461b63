/**
 * The suite of the original project and one of 40 expectations over 12 columns: ours, Great Expectations on the same table
 * (DuckDB or PostgreSQL), Great Expectations on pandas, and one hand-written statement with the same figures, in turn.
 * `node bench/quality/suites.ts [rows = 1000000] [times = 3] [--postgres] [--no-pandas]`. Prints medians and ratios.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { PostgresServer } from '../../interop/postgres.ts';
import { startPostgres } from '../../interop/postgres.ts';
import { pythonEnv } from '../../interop/python.ts';
import { openWarehouse, quoteText } from '../../packages/smallboat/src/warehouse/index.ts';
import { measure, mebibytes } from '../measure.ts';
import { BY_HAND, FORTY, SEED, shopEvents } from './shop-table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { postgres: { type: 'boolean', default: false }, 'no-pandas': { type: 'boolean', default: false } },
});
const rows = Number(positionals[0] ?? 1_000_000);
const times = Number(positionals[1] ?? 3);
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const database = join(folder, 'warehouse.duckdb');
const csv = join(folder, 'shop.csv');
await using cleanup = new AsyncDisposableStack();
cleanup.defer(() => rm(folder, { recursive: true, force: true }));

{
  await using warehouse = await openWarehouse(`duckdb:${database}`);
  await warehouse.execute(`create table shop as ${shopEvents(rows)}`);
  if (values.postgres) await warehouse.execute(`copy shop to ${quoteText(csv)} (header false)`);
}

/** Where the table is, for us and for Great Expectations. */
const place = values.postgres ? await inPostgres(cleanup.use(await startPostgres())) : { url: `duckdb:${database}` };
const theirs = 'peer_url' in place ? place : { ...place, database };

async function inPostgres(server: PostgresServer): Promise<{ readonly url: string; readonly peer_url: string }> {
  const name = await server.database();
  await chmod(folder, 0o755); // the server is another user
  const columns = `session_id_hash text, event_type text, product_action text, server_timestamp_epoch_ms bigint, product_sku_hash text, hashed_url text,
    price double precision, quantity integer, country text, is_member boolean, day date, at timestamp`;
  await server.psql(name, `create table shop (${columns})`);
  // An empty text is quoted by DuckDB and a null is not, as PostgreSQL reads them.
  await server.psql(name, `copy shop from ${quoteText(csv)} csv`);
  await server.psql(name, 'vacuum analyze shop');
  Object.assign(process.env, server.env);
  return {
    url: `${server.url}/${name}`,
    peer_url: `postgresql+psycopg2://${server.user}:${server.password}@${server.host}:${server.port}/${name}`,
  };
}

interface Side {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

async function sidesOf(suite: typeof SEED | typeof FORTY): Promise<readonly Side[]> {
  const job = async (name: string, more: object): Promise<string> => {
    const path = join(folder, `${suite.name}-${name}.json`);
    await writeFile(path, JSON.stringify({ validations: [{ table: 'shop', suite }], ...more }));
    return path;
  };
  const here = import.meta.dirname;
  const validatePy = join(here, '../../interop/quality/validate.py');
  const inPython = (name: string): string => join(pythonEnv(name), 'python');
  const byHand = values.postgres ? BY_HAND.replaceAll('count_if(', 'count(*) filter (where ') : BY_HAND;
  return [
    { name: 'smallboat', command: process.execPath, args: [join(here, 'ours.ts'), await job('ours', place)] },
    {
      name: 'Great Expectations',
      command: inPython(values.postgres ? 'gx-postgres' : 'gx'),
      args: [validatePy, await job('theirs', { ...theirs, engine: 'sql' })],
    },
    ...(values['no-pandas'] || values.postgres
      ? []
      : [
          {
            name: 'Great Expectations, pandas',
            command: inPython('gx'),
            args: [validatePy, await job('pandas', { database, engine: 'pandas' })],
          },
        ]),
    ...(suite === FORTY
      ? [
          {
            name: 'one statement by hand',
            command: process.execPath,
            args: [join(here, 'hand-written.ts'), await job('hand', { url: place.url, sql: byHand })],
          },
        ]
      : []),
  ];
}

const median = (of: readonly number[]): number => of.toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? Number.NaN;

for (const suite of [SEED, FORTY]) {
  const sides = await sidesOf(suite);
  const measured = new Map(sides.map(({ name }) => [name, { whole: [] as number[], alone: [] as number[], peak: 0 }]));
  let failed = '';
  for (let time = 0; time < times; time++) {
    for (const { name, command, args } of sides) {
      const { seconds, peakBytes, exitCode, stdout, stderr } = await measure(command, args, { every: 50 });
      if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
      const side = measured.get(name);
      side?.whole.push(seconds);
      side?.alone.push(Number(/validated in ([\d.]+) s/.exec(stderr)?.[1]));
      if (side) side.peak = Math.max(side.peak, peakBytes);
      const [result] = JSON.parse(stdout) as [{ statistics: { unsuccessful_expectations: number } }];
      if (time === 0) failed += ` ${name} ${result.statistics.unsuccessful_expectations};`;
    }
  }
  const where = values.postgres ? 'PostgreSQL' : 'DuckDB';
  console.log(
    `\n${suite.name}: ${suite.expectations.length} expectations, ${rows} rows in ${where}, ${times} times in turn; failed:${failed}`,
  );
  const ours = measured.get('smallboat');
  for (const [name, { whole, alone, peak }] of measured) {
    const ratio = (a: readonly number[], b: readonly number[] = []): string => (median(a) / median(b)).toFixed(2);
    console.log(
      `${name.padEnd(27)} ${median(whole).toFixed(2)} s the whole process (${ratio(whole, ours?.whole)} × ours), ${median(alone).toFixed(3)} s validating (${ratio(alone, ours?.alone)} ×), ${mebibytes(peak)} MiB`,
    );
  }
}
