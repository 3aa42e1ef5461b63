import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openErrors } from './open-errors.ts';
import { openWarehouse } from './open-warehouse.ts';
import { warehouseErrors } from './warehouse.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));
const failure = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

/** A process that opens the warehouse, runs `work` and keeps the file until it is killed; resolves at its first line. */
async function another(cwd: string, work: string): Promise<{ child: ChildProcess; said: () => string[] }> {
  const room = new URL('./open-warehouse.ts', import.meta.url).href;
  const code = `import { openWarehouse } from ${JSON.stringify(room)};
    const warehouse = await openWarehouse('duckdb:w.duckdb');
    ${work}
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(child.stdout, 'data');
  return { child, said: () => text.split('\n').slice(0, -1) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

it('makes the folders, keeps what was written, and leaves nothing but the file', async () => {
  const cwd = await folder();
  {
    await using warehouse = await openWarehouse('duckdb:./a/b/w.duckdb', { cwd });
    await warehouse.execute('CREATE TABLE t AS SELECT 1 AS x');
    expect(JSON.parse(await readFile(join(cwd, 'a/b/w.duckdb.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  }
  expect(await readdir(join(cwd, 'a/b'))).toEqual(['w.duckdb']);
  await using warehouse = await openWarehouse('duckdb:./a/b/w.duckdb', { cwd, readOnly: true });
  expect(await warehouse.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
});

it('spills beside the file, within its memory, and cleans up', async () => {
  const cwd = await folder();
  {
    await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd, memoryLimitMiB: 64, threads: 1 });
    await warehouse.execute('CREATE TABLE t AS SELECT hash(range) AS h, range AS i FROM range(4000000) ORDER BY h');
    expect(await readdir(cwd)).toContain('w.duckdb.spill');
  }
  expect(await readdir(cwd)).toEqual(['w.duckdb']);
});

it('lets two openings in one process see each other', async () => {
  const cwd = await folder();
  await using one = await openWarehouse('duckdb:w.duckdb', { cwd });
  await using two = await openWarehouse('duckdb:w.duckdb', { cwd });
  await one.execute('CREATE TABLE t AS SELECT 1 AS x');
  expect(await two.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
});

it('names the process that has the file, and takes it over when that was killed', async () => {
  const cwd = await folder();
  const { child } = await another(cwd, `console.log('open');`);
  const error = await failure(openWarehouse('duckdb:w.duckdb', { cwd, waitSeconds: 0 }));
  expect(openErrors.WAREHOUSE_LOCKED.is(error)).toBe(true);
  expect(String(error)).toMatch(new RegExp(`process ${child.pid} since 20\\d\\d-`));
  await kill(child);
  expect(await readdir(cwd)).toContain('w.duckdb.lock');
  await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd });
  expect(JSON.parse(await readFile(join(cwd, 'w.duckdb.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  expect(await warehouse.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
});

it('waits for another process to end', async () => {
  const cwd = await folder();
  const { child } = await another(
    cwd,
    `await warehouse.execute('CREATE TABLE t AS SELECT 1 AS x'); console.log('open');`,
  );
  const opening = openWarehouse('duckdb:w.duckdb', { cwd, waitSeconds: 20 });
  await kill(child);
  await using warehouse = await opening;
  expect(await warehouse.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
});

it('loses nothing that was acknowledged when the process is killed in the middle of writing', async () => {
  const cwd = await folder();
  const { child, said } = await another(
    cwd,
    `await warehouse.execute('CREATE TABLE t (x BIGINT)');
     for (let i = 0; i < 100000; i++) { await warehouse.execute('INSERT INTO t VALUES (?)', { parameters: [i] }); console.log(i); }`,
  );
  while (said().length < 50) await once(child.stdout ?? child, 'data');
  await kill(child);
  const acknowledged = said().length;
  await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd });
  const [row] = await warehouse.query<{ n: number; top: number }>('SELECT count(*) AS n, max(x) AS top FROM t');
  expect(row?.n).toBeGreaterThanOrEqual(acknowledged);
  expect(row?.n).toBeLessThanOrEqual(acknowledged + 1);
  expect(row?.top).toBe((row?.n ?? 0) - 1);
});

it('says what to do with a file that is no warehouse, or a damaged one', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'text.duckdb'), 'This is a diary, not a database. '.repeat(1000));
  const text = await failure(openWarehouse('duckdb:text.duckdb', { cwd }));
  expect(warehouseErrors.WAREHOUSE_CORRUPT.is(text)).toBe(true);
  expect(String(text)).toContain(`mv ${join(cwd, 'text.duckdb')}`);
  {
    await using warehouse = await openWarehouse('duckdb:cut.duckdb', { cwd });
    await warehouse.execute('CREATE TABLE t AS SELECT md5(range::VARCHAR) AS x FROM range(100000)');
  }
  const path = join(cwd, 'cut.duckdb');
  const bytes = await readFile(path);
  // The header tells of blocks that hold the table; zeros in their place.
  await writeFile(path, bytes.fill(0, 4096 * 3));
  const damaged = await failure(
    (async () => {
      await using warehouse = await openWarehouse('duckdb:cut.duckdb', { cwd });
      await warehouse.query('SELECT max(x) FROM t');
    })(),
  );
  expect(warehouseErrors.WAREHOUSE_CORRUPT.is(damaged)).toBe(true);
  await truncate(path, 100);
  expect(warehouseErrors.WAREHOUSE_CORRUPT.is(await failure(openWarehouse('duckdb:cut.duckdb', { cwd })))).toBe(true);
  expect((await stat(path)).size).toBe(100);
});

it('says so when its own room for spilling is full', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:', { memoryLimitMiB: 32, threads: 1 });
  await warehouse.execute(`SET max_temp_directory_size = '1MiB'`);
  const error = await failure(
    warehouse.execute('CREATE TABLE t AS SELECT md5(range::VARCHAR) AS h FROM range(4000000) ORDER BY h'),
  );
  expect(warehouseErrors.WAREHOUSE_FULL.is(error)).toBe(true);
});

it.each(['mysql://u:secret@host/db', 'duckdb:', 'w.duckdb', ''])(
  'knows no warehouse %j, and shows no password',
  async (url) => {
    const error = await failure(openWarehouse(url));
    expect(openErrors.WAREHOUSE_URL_UNKNOWN.is(error)).toBe(true);
    expect(String(error)).not.toContain('secret');
  },
);

it('does not make a file to read from, and takes no folder for one', async () => {
  const cwd = await folder();
  await mkdir(join(cwd, 'd'));
  const missing = await failure(openWarehouse('duckdb:none.duckdb', { cwd, readOnly: true }));
  expect(openErrors.WAREHOUSE_NOT_THERE.is(missing)).toBe(true);
  expect(openErrors.WAREHOUSE_NOT_OPENED.is(await failure(openWarehouse('duckdb:d', { cwd })))).toBe(true);
  expect(await readdir(cwd)).toEqual(['d']);
});

it('reads a snapshot of what was committed, while another process writes', async () => {
  const cwd = await folder();
  const { child } = await another(
    cwd,
    `await warehouse.execute('CREATE TABLE t AS SELECT 1 AS x');
     await warehouse.execute('BEGIN');
     await warehouse.execute('INSERT INTO t VALUES (2)');
     console.log('open');`,
  );
  {
    await using snapshot = await openWarehouse('duckdb:w.duckdb', { cwd, readOnly: true, whenBusy: 'snapshot' });
    expect(snapshot.location).toBe(`duckdb:${join(cwd, 'w.duckdb')}`);
    expect(await snapshot.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
    await expect(snapshot.execute('INSERT INTO t VALUES (3)')).rejects.toMatchObject({ code: 'STATEMENT_FAILED' });
    await using second = await snapshot.connect();
    expect(await second.query('SELECT x FROM t')).toEqual([{ x: 1 }]);
  }
  expect((await readdir(cwd)).filter((name) => name.includes('snapshot'))).toEqual([]);
  await kill(child);
});

it('keeps the note of who has the file as long as any of its connections', async () => {
  const cwd = await folder();
  const first = await openWarehouse('duckdb:w.duckdb', { cwd });
  const second = await first.connect();
  await first[Symbol.asyncDispose]();
  expect(await readdir(cwd)).toContain('w.duckdb.lock');
  expect(await second.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
  await second[Symbol.asyncDispose]();
  expect(await readdir(cwd)).toEqual(['w.duckdb']);
});
