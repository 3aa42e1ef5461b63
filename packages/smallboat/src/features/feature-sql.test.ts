import { expect, it } from 'vitest';
import { openWarehouse } from '../warehouse/index.ts';
import { featureSqlOf } from './feature-sql.ts';

it('finds the same level of popularity by whole numbers as by the logarithm, at exact halves too', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const levels = ['duckdb', 'postgres'] as const;
  const [byLogarithm, byNumbers] = levels.map((dialect) => featureSqlOf(dialect).level('part', 'total'));
  const small = Array.from({ length: 69 }, (_, i) => i + 1);
  const halves = Array.from({ length: 24 }, (_, k) => 2 ** (k + 1));
  const parts = [...small, ...halves];
  const totals = [...small, ...halves.flatMap((n) => [n - 1, n, n + 1])];
  const counts = `select part, total from (select unnest([${parts.join()}]) as part) as parts,
    (select unnest([${totals.join()}]) as total) as totals where part <= total`;
  const [found] = await warehouse.query<{ asked: number; differ: number; lowest: number; highest: number }>(
    `select count(*) as asked, count(case when ${byLogarithm} <> ${byNumbers} then 1 end) as differ,
       min(${byNumbers}) as lowest, max(${byNumbers}) as highest from (${counts}) as counts`,
  );
  expect(found).toMatchObject({ differ: 0, lowest: 1, highest: 15 });
  expect(found?.asked).toBeGreaterThan(5_000);
});

it('lists rows where VALUES stands in INSERT only', () => {
  const { rows } = featureSqlOf('redshift');
  expect(
    rows(
      ['name', 'number'],
      [
        ["'a'", '1'],
        ["'b'", '2'],
      ],
    ),
  ).toBe("select 'a' as name, 1 as number union all select 'b' as name, 2 as number");
});
