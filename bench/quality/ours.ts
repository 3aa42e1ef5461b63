/** One side of `suites.ts`: runs the job of its argument and prints what it took. */
import { readFile } from 'node:fs/promises';
import { readSuite, validate } from '../../packages/smallboat/src/quality/index.ts';
import { openWarehouse } from '../../packages/smallboat/src/warehouse/index.ts';

interface Job {
  readonly url: string;
  readonly validations: readonly { readonly table: string; readonly suite: object }[];
}

const job = JSON.parse(await readFile(process.argv[2] ?? '', 'utf8')) as Job;
await using warehouse = await openWarehouse(job.url);
for (const { table, suite } of job.validations) {
  const result = await validate({ suite: await readSuite(suite), warehouse, relation: table, runName: 'bench' });
  console.error(`validated in ${result.meta.smallboat.seconds} s, ${result.meta.smallboat.statements} statements`);
  console.log(JSON.stringify([result]));
}
