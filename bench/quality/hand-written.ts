/** The other side of `suites.ts`: one statement, as a person would write it for the suite of 40, and nothing else. */
import { readFile } from 'node:fs/promises';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

const { url, sql } = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as {
  readonly url: string;
  readonly sql: string;
};
await using warehouse = await openWarehouse(url);
const started = performance.now();
const rows = await warehouse.query(sql);
console.error(`validated in ${((performance.now() - started) / 1000).toFixed(3)} s, 1 statements`);
console.log(JSON.stringify([{ statistics: { unsuccessful_expectations: rows.length - 1 } }]));
