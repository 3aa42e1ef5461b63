/** A process of `duckdb.interop.ts`: opens the file again and again, writes pairs of rows or reads, and tells how long it waited. */
import { setTimeout as delay } from 'node:timers/promises';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';

const [, , role = 'write', path = '', id = '0', until = '0'] = process.argv;
const waits: number[] = [];
let done = 0;
for (let round = 0; Date.now() < Number(until); round++) {
  const start = performance.now();
  const options =
    role === 'write' ? {} : { readOnly: true, ...(role === 'snapshot' ? { whenBusy: 'snapshot' as const } : {}) };
  await using warehouse = await openWarehouse(`duckdb:${path}`, options);
  waits.push(performance.now() - start);
  if (role === 'write') {
    await warehouse.execute('BEGIN');
    await warehouse.execute('INSERT INTO pairs VALUES (?, ?, 1)', { parameters: [Number(id), round] });
    await warehouse.execute('INSERT INTO pairs VALUES (?, ?, -1)', { parameters: [Number(id), round] });
    await warehouse.execute('COMMIT');
    if (round % 20 === 7) await warehouse.execute('CHECKPOINT');
    done++;
  } else {
    const [row] = await warehouse.query<{ n: number; balance: number | null }>(
      'SELECT count(*) AS n, sum(side) AS balance FROM pairs',
    );
    if ((row?.balance ?? 0) !== 0 || (row?.n ?? 0) % 2 !== 0)
      throw new Error(`half of a transaction: ${JSON.stringify(row)}`);
    done++;
  }
  await delay(Math.random() * 20);
}
process.stdout.write(JSON.stringify({ role, done, waits }));
