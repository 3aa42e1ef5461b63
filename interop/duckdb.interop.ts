import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, open, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';

const worker = fileURLToPath(new URL('duckdb_worker.ts', import.meta.url));
const room = new URL('../packages/smallboat/src/warehouse/index.ts', import.meta.url).href;
const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-duckdb-'));
const Told = z.object({ role: z.string(), done: z.number(), waits: z.array(z.number()) });

async function work(role: string, path: string, id: number, until: number): Promise<z.infer<typeof Told>> {
  const child = spawn(process.execPath, [worker, role, path, String(id), String(until)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (out += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${role} ${id} ended with ${code}: ${said}`);
  return Told.parse(JSON.parse(out));
}

describe('one DuckDB file and many processes', () => {
  it(
    'lets each write in its turn, and read: nobody is refused, nobody sees half of a transaction',
    { timeout: 120_000 },
    async () => {
      const path = join(await folder(), 'w.duckdb');
      {
        await using warehouse = await openWarehouse(`duckdb:${path}`);
        await warehouse.execute('CREATE TABLE pairs (id INTEGER, round INTEGER, side INTEGER)');
      }
      const until = Date.now() + 10_000;
      const roles = ['write', 'write', 'write', 'write', 'read', 'read', 'snapshot', 'snapshot'];
      const told = await Promise.all(roles.map((role, id) => work(role, path, id, until)));
      await using warehouse = await openWarehouse(`duckdb:${path}`);
      const [row] = await warehouse.query<{ n: number; balance: number }>(
        'SELECT count(*) AS n, sum(side) AS balance FROM pairs',
      );
      const written = told.filter(({ role }) => role === 'write').reduce((sum, { done }) => sum + done, 0);
      expect(row).toEqual({ n: written * 2, balance: 0 });
      // The first opening of each loads DuckDB besides.
      const waits = told.flatMap((one) => one.waits.slice(1)).toSorted((a, b) => a - b);
      const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0;
      console.log(
        `8 processes, ${waits.length} openings: median ${Math.round(waits[waits.length >> 1] ?? 0)} ms, 99 % within ${Math.round(p99)} ms, longest ${Math.round(waits.at(-1) ?? 0)} ms`,
      );
      for (const { done } of told) expect(done).toBeGreaterThan(5); // nobody starves
      expect((await readdir(join(path, '..'))).filter((name) => !name.startsWith('w.duckdb'))).toEqual([]);
    },
  );

  it(
    'takes snapshots that are whole, of a file that is written to and checkpointed all the time',
    { timeout: 120_000 },
    async () => {
      const path = join(await folder(), 'w.duckdb');
      const code = `import { openWarehouse } from ${JSON.stringify(room)};
      const warehouse = await openWarehouse('duckdb:${path}');
      await warehouse.execute('CREATE TABLE t AS SELECT range AS i, md5(range::VARCHAR) AS h, 0 AS round FROM range(200000)');
      for (let round = 1; ; round++) {
        await warehouse.execute('BEGIN');
        await warehouse.execute('DELETE FROM t WHERE i % 3 = ' + (round % 3));
        await warehouse.execute('INSERT INTO t SELECT range, md5(range::VARCHAR), ' + round + ' FROM range(200000) WHERE range % 3 = ' + (round % 3));
        await warehouse.execute('COMMIT');
        if (round % 4 === 0) await warehouse.execute('CHECKPOINT');
        console.log(round);
      }`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const seen = { rounds: 0 };
      child.stdout
        .setEncoding('utf8')
        .on('data', (part: string) => (seen.rounds = Number(part.trim().split('\n').at(-1))));
      while (seen.rounds < 2) await delay(20);
      try {
        for (let i = 0; i < 10; i++) {
          const acknowledged = seen.rounds;
          await using snapshot = await openWarehouse(`duckdb:${path}`, { readOnly: true, whenBusy: 'snapshot' });
          const [row] = await snapshot.query<{ n: number; distinct: number; wrong: number; round: number }>(
            'SELECT count(*) AS n, count(DISTINCT i) AS "distinct", count(*) FILTER (WHERE h <> md5(i::VARCHAR)) AS wrong, max(round) AS round FROM t',
          );
          expect(row).toMatchObject({ n: 200_000, distinct: 200_000, wrong: 0 });
          expect(row?.round).toBeGreaterThanOrEqual(acknowledged);
        }
      } finally {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      await using warehouse = await openWarehouse(`duckdb:${path}`);
      expect(await warehouse.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 200_000 }]);
    },
  );

  it(
    'opens after every kill, with all that was acknowledged and no half of anything',
    { timeout: 180_000 },
    async () => {
      const path = join(await folder(), 'w.duckdb');
      const code = `import { openWarehouse } from ${JSON.stringify(room)};
      const warehouse = await openWarehouse('duckdb:${path}');
      await warehouse.execute('CREATE TABLE IF NOT EXISTS pairs (round BIGINT, side INTEGER, pad VARCHAR)');
      const [last] = await warehouse.query('SELECT coalesce(max(round), 0) AS round FROM pairs');
      for (let round = last.round + 1; ; round++) {
        await warehouse.execute('BEGIN');
        await warehouse.execute("INSERT INTO pairs SELECT " + round + ", 1, md5(range::VARCHAR) FROM range(500)");
        await warehouse.execute("INSERT INTO pairs SELECT " + round + ", -1, md5(range::VARCHAR) FROM range(500)");
        await warehouse.execute('COMMIT');
        console.log(round);
        if (round % 5 === 0) await warehouse.execute('CHECKPOINT');
      }`;
      let acknowledged = 0;
      for (let kill = 0; kill < 14; kill++) {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let rest = '';
        child.stdout.setEncoding('utf8').on('data', (part: string) => {
          rest += part;
          const whole = rest.split('\n').slice(0, -1);
          if (whole.length > 0) acknowledged = Math.max(acknowledged, Number(whole.at(-1)));
        });
        await once(child.stdout, 'data');
        await delay(Math.random() * 120);
        child.kill(kill % 4 === 3 ? 'SIGTERM' : 'SIGKILL');
        await once(child, 'close');
        await using warehouse = await openWarehouse(`duckdb:${path}`);
        const [row] = await warehouse.query<{ top: number; n: number; balance: number }>(
          'SELECT max(round) AS top, count(*) AS n, sum(side) AS balance FROM pairs',
        );
        expect(row?.top).toBeGreaterThanOrEqual(acknowledged);
        expect(row?.n).toBe((row?.top ?? 0) * 1000);
        expect(row?.balance).toBe(0);
      }
    },
  );

  it('waits for a process that is stopped, and goes on when it does', async () => {
    const path = join(await folder(), 'w.duckdb');
    const code = `import { openWarehouse } from ${JSON.stringify(room)};
      await using warehouse = await openWarehouse('duckdb:${path}');
      await warehouse.execute('CREATE TABLE t AS SELECT 1 AS x');
      console.log('open');
      await new Promise((resolve) => setTimeout(resolve, 300));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    await expect(openWarehouse(`duckdb:${path}`, { waitSeconds: 0.3 })).rejects.toMatchObject({
      code: 'WAREHOUSE_LOCKED',
    });
    await using snapshot = await openWarehouse(`duckdb:${path}`, { readOnly: true, whenBusy: 'snapshot' });
    expect(await snapshot.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
    const opening = openWarehouse(`duckdb:${path}`);
    child.kill('SIGCONT');
    await using warehouse = await opening;
    expect(await warehouse.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
  });
});

describe('a damaged DuckDB file', () => {
  it(
    'with a torn log opens with what was whole before the tear, and never with half of a transaction',
    { timeout: 120_000 },
    async () => {
      const home = await folder();
      const path = join(home, 'w.duckdb');
      const code = `import { openWarehouse } from ${JSON.stringify(room)};
      const warehouse = await openWarehouse('duckdb:${path}');
      await warehouse.execute('CREATE TABLE pairs (round BIGINT, side INTEGER)');
      await warehouse.execute('CHECKPOINT');
      for (let round = 1; round <= 200; round++) {
        await warehouse.execute('BEGIN');
        await warehouse.execute('INSERT INTO pairs VALUES (?, 1)', { parameters: [round] });
        await warehouse.execute('INSERT INTO pairs VALUES (?, -1)', { parameters: [round] });
        await warehouse.execute('COMMIT');
      }
      console.log('done');
      setInterval(() => undefined, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const { size } = await stat(`${path}.wal`);
      const torn = join(home, 'torn.duckdb');
      let last = -1;
      for (let i = 0; i <= 40; i++) {
        await copyFile(path, torn);
        await copyFile(`${path}.wal`, `${torn}.wal`);
        await truncate(`${torn}.wal`, Math.floor((size * i) / 40));
        await using warehouse = await openWarehouse(`duckdb:${torn}`);
        const [row] = await warehouse.query<{ n: number; top: number | null; balance: number | null }>(
          'SELECT count(*) AS n, max(round) AS top, sum(side) AS balance FROM pairs',
        );
        expect(row?.n).toBe((row?.top ?? 0) * 2);
        expect(row?.balance ?? 0).toBe(0);
        expect(row?.n).toBeGreaterThanOrEqual(last);
        last = row?.n ?? 0;
      }
      expect(last).toBe(400);
    },
  );

  it('with a bit that flipped is told from a sound one, or reads as before', { timeout: 180_000 }, async () => {
    const home = await folder();
    const path = join(home, 'w.duckdb');
    const query = 'SELECT count(*) AS n, sum(i) AS s, bit_xor(hash(h)) AS x FROM t';
    {
      await using warehouse = await openWarehouse(`duckdb:${path}`);
      await warehouse.execute('CREATE TABLE t AS SELECT range AS i, md5(range::VARCHAR) AS h FROM range(50000)');
    }
    let sound: unknown;
    {
      await using warehouse = await openWarehouse(`duckdb:${path}`);
      sound = await warehouse.query(query);
    }
    const bytes = await readFile(path);
    const outcomes = { told: 0, same: 0 };
    for (let i = 0; i < 60; i++) {
      const bad = join(home, `bad-${i}.duckdb`);
      const at = Math.floor(((i + 0.5) / 60) * bytes.length);
      await writeFile(bad, bytes);
      const file = await open(bad, 'r+');
      await file.write(Buffer.from([(bytes[at] ?? 0) ^ (1 << (i % 8))]), 0, 1, at);
      await file.close();
      try {
        await using warehouse = await openWarehouse(`duckdb:${bad}`);
        expect(await warehouse.query(query)).toEqual(sound);
        outcomes.same++; // the bit is of nothing that is in use
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(?:WAREHOUSE_CORRUPT|STATEMENT_FAILED|WAREHOUSE_NOT_OPENED)$/),
        });
        outcomes.told++;
      }
      await rm(bad, { force: true });
    }
    console.log(`60 flipped bits: ${outcomes.told} told, ${outcomes.same} of nothing in use`);
    expect(outcomes.told).toBeGreaterThan(30);
  });
});
