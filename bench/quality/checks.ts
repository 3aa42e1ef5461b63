/**
 * 100 expectations on 20 columns: ours and Great Expectations on the same DuckDB file, in turn.
 * `node bench/quality/checks.ts [rows = 1000000] [times = 3]`. Prints whole processes and the validation alone.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../../interop/python.ts';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';
import { measure } from '../measure.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const times = Number(process.argv[3] ?? 3);
const here = fileURLToPath(new URL('.', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const database = join(folder, 'warehouse.duckdb');

const columns = Array.from({ length: 20 }, (_, i) => ({
  name: `c${i}`,
  kind: i < 8 ? ('whole' as const) : i < 14 ? ('real' as const) : ('text' as const),
}));
{
  await using warehouse = await openWarehouse(`duckdb:${database}`);
  const sql = columns.map(({ name, kind }, i) => {
    const random = `hash(i * 20 + ${i})`;
    const value =
      kind === 'whole'
        ? `(${random} % 1000)::int`
        : kind === 'real'
          ? `(${random} % 1000000) / 1000.0::double`
          : `'value ' || (${random} % 12)`;
    return `case when ${random} % 97 = 0 then null else ${value} end as ${name}`;
  });
  await warehouse.execute(`create table wide as select ${sql.join(', ')} from range(${rows}) t(i)`);
}

/** Five for each column; about a tenth of them fail. */
const expectations = columns.flatMap(({ name: column, kind }, i) => {
  const of = (type: string, kwargs: object = {}) => ({ type: `expect_column_${type}`, kwargs: { column, ...kwargs } });
  const shared = [
    of('values_to_not_be_null', { mostly: i % 10 === 0 ? 1 : 0.9 }),
    of('proportion_of_non_null_values_to_be_between', { min_value: 0.9 }),
  ];
  if (kind === 'text') {
    const value_set = Array.from({ length: i % 3 === 0 ? 11 : 12 }, (_, v) => `value ${v}`);
    return [
      ...shared,
      of('values_to_be_in_set', { value_set }),
      of('value_lengths_to_be_between', { min_value: 7, max_value: 8 }),
      of('unique_value_count_to_be_between', { min_value: 2, max_value: 20 }),
    ];
  }
  return [
    ...shared,
    of('values_to_be_between', { min_value: 0, max_value: i % 4 === 0 ? 990 : 1000 }),
    of('mean_to_be_between', { min_value: 400, max_value: 600 }),
    of('max_to_be_between', { max_value: 1000 }),
  ];
});

const job = join(folder, 'job.json');
await writeFile(
  job,
  JSON.stringify({ database, engine: 'sql', validations: [{ table: 'wide', suite: { name: 'wide', expectations } }] }),
);
const sides = [
  { name: 'smallboat', command: process.execPath, args: [join(here, 'ours.ts'), job] },
  {
    name: 'Great Expectations',
    command: join(pythonEnv('gx'), 'python'),
    args: [join(here, '../../interop/quality/validate.py'), job],
  },
];
console.log(
  `${expectations.length} expectations, ${columns.length} columns, ${rows} rows, ${times} times each in turn`,
);
for (let time = 0; time < times; time++) {
  for (const { name, command, args } of sides) {
    const { seconds, peakBytes, exitCode, stdout, stderr } = await measure(command, args, { every: 20 });
    if (exitCode !== 0) throw new Error(stderr);
    const [{ statistics }] = JSON.parse(stdout) as [{ statistics: { unsuccessful_expectations: number } }];
    const alone = /validated in .*/.exec(stderr)?.[0] ?? '';
    console.log(
      `${name.padEnd(19)} ${seconds.toFixed(2)} s whole process, ${alone}, ${Math.round(peakBytes / 2 ** 20)} MiB, ${statistics.unsuccessful_expectations} failed`,
    );
  }
}
await rm(folder, { recursive: true, force: true });
