import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ingest } from './ingest.ts';
import { openWarehouse } from './open-warehouse.ts';
import type { RawTable } from './raw-table.ts';
import type { Row, Warehouse } from './warehouse.ts';

const events: RawTable = {
  file: 'events',
  table: 'events_raw',
  source: [
    { name: 'session', kind: 'text' },
    { name: 'action', kind: 'text' },
    { name: 'at', kind: 'epochMs' },
    { name: 'skus', kind: 'list' },
  ],
  columns: [
    { name: 'session', from: { kind: 'column', column: 'session' } },
    { name: 'at', from: { kind: 'column', column: 'at' } },
    { name: 'organization', from: { kind: 'constant', value: "Bob's" } },
    { name: 'loaded', from: { kind: 'loadedAt' } },
    { name: 'event', from: { kind: 'json', columns: ['action', 'skus'] } },
  ],
};
const now = new Date('2026-11-24T08:00:00Z');
const HEADER = 'session,action,at,skus\n';
const GOOD = `s1,view,1477029466123,\ns1,add,1477029467000,"['a', 'b']"\n`;

async function inFolder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const load = (warehouse: Warehouse, folder: string) =>
  ingest(warehouse, { folder, tables: [events], schema: 'shop', now });

const rowsOf = (warehouse: Warehouse): Promise<readonly Row[]> =>
  warehouse.query('SELECT * FROM shop.events_raw ORDER BY ALL');

/** Loads a broken file after a good row is there; gives the error, and checks that nothing of the file was kept. */
async function refused(files: Readonly<Record<string, string | Uint8Array>>): Promise<Error> {
  await using warehouse = await openWarehouse('duckdb::memory:', { threads: 2 });
  await load(warehouse, await inFolder({ 'events.csv': `${HEADER}s0,view,1477029466000,\n` }));
  const folder = await inFolder(files);
  const error: unknown = await load(warehouse, folder).catch((e: unknown) => e);
  expect(await rowsOf(warehouse)).toHaveLength(1);
  expect(await warehouse.query('SELECT count(*) AS n FROM shop._ingested_files')).toEqual([{ n: 1 }]);
  expect(await warehouse.execute('INSERT INTO shop.events_raw (session) VALUES (NULL)')).toBe(1);
  if (!(error instanceof Error)) throw new Error(`it was taken: ${JSON.stringify(error)}`);
  return error;
}

/** Enough good lines around a bad one for DuckDB to read the file in several parts. */
function around(line: string | Uint8Array): Buffer {
  const many = Buffer.from('s1,view,1477029466123,\n'.repeat(5000));
  return Buffer.concat([Buffer.from(HEADER), many, Buffer.from(line), Buffer.from('\n'), many]);
}

it('loads a row as the table says, duplicates and all', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': `${HEADER}${GOOD}s1,view,1477029466123,\n"",,1477029468000,[]\n` });
  const report = await load(warehouse, folder);
  expect(report).toMatchObject({ rowsAdded: 4, files: [{ table: 'shop.events_raw', outcome: 'loaded', rows: 4 }] });
  const same = { organization: "Bob's", loaded: '2026-11-24 08:00:00' };
  const view = { ...same, session: 's1', at: '2016-10-21 05:57:46.123', event: '{"action":"view","skus":null}' };
  expect(await rowsOf(warehouse)).toEqual([
    view,
    view,
    { ...same, session: 's1', at: '2016-10-21 05:57:47', event: '{"action":"add","skus":["a","b"]}' },
    { ...same, session: null, at: '2016-10-21 05:57:48', event: '{"action":"","skus":[]}' },
  ]);
});

it('reads CSV with quotes, line breaks, CRLF and a byte order mark, gzip and Parquet alike', async () => {
  const csv = `\uFEFF${HEADER}"s ""1"", x","a\nb",1477029466123,"['é']"\n`.replaceAll('\n', '\r\n');
  await using warehouse = await openWarehouse('duckdb::memory:');
  const plain = await inFolder({ 'events.csv': csv });
  const packed = await inFolder({ 'events.csv.gz': gzipSync(csv) });
  const columns = await inFolder({});
  await warehouse.execute(
    `COPY (SELECT * FROM read_csv('${plain}/events.csv', header = true, all_varchar = true)) TO '${columns}/events.parquet'`,
  );
  const typed = await inFolder({});
  await warehouse.execute(
    `COPY (SELECT * REPLACE (make_timestamp_ms(CAST("at" AS BIGINT)) AS "at", ['é'] AS skus) FROM '${columns}/events.parquet') TO '${typed}/events.parquet'`,
  );
  for (const folder of [plain, packed, columns, typed]) await load(warehouse, folder);
  const rows = await rowsOf(warehouse);
  expect(rows).toHaveLength(4);
  for (const row of rows) expect(row).toEqual(rows[0]);
  expect(rows[0]).toMatchObject({ session: 's "1", x', at: '2016-10-21 05:57:46.123' });
  expect(rows[0]?.['event']).toBe('{"action":"a\\r\\nb","skus":["é"]}');
});

it('finds columns by their names, whatever their order, and says which it leaves', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': 'at,extra,skus,action,session\n1477029466123,?,,view,s1\n' });
  const report = await load(warehouse, folder);
  expect(report.files[0]?.ignoredColumns).toEqual(['extra']);
  expect(await rowsOf(warehouse)).toMatchObject([{ session: 's1', event: '{"action":"view","skus":null}' }]);
});

it('adds nothing for the same content, also under another name, and adds other content', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': HEADER + GOOD });
  await load(warehouse, folder);
  const moved = await inFolder({ 'events.csv': HEADER + GOOD });
  expect(await load(warehouse, moved)).toMatchObject({ rowsAdded: 0, files: [{ outcome: 'already loaded', rows: 2 }] });
  const other = await inFolder({ 'events.csv': HEADER + GOOD.replace('s1', 's2') }); // of the same size
  expect(await load(warehouse, other)).toMatchObject({ rowsAdded: 2 });
  expect(await rowsOf(warehouse)).toHaveLength(4);
  const ledger = await warehouse.query('SELECT * FROM shop._ingested_files ORDER BY path = ? DESC', {
    parameters: [join(folder, 'events.csv')],
  });
  expect(ledger).toHaveLength(2);
  expect(ledger[0]).toMatchObject({
    path: join(folder, 'events.csv'),
    rows: 2,
    bytes: HEADER.length + GOOD.length,
    loaded_at: '2026-11-24 08:00:00',
    table: 'events_raw',
  });
});

it('reads lines of JSON, whatever their keys, their order and their blank lines', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const json = `{"at": 1477029466123, "session": "s1", "action": "view", "skus": null}\n\n{"session": 5, "at": "1477029467000", "action": {"a": 1}, "skus": ["a", "é"], "more": 1}\n`;
  for (const files of [{ 'events.jsonl': json }, { 'events.ndjson.gz': gzipSync(`${json}\n`) }]) {
    const report = await load(warehouse, await inFolder(files));
    expect(report).toMatchObject({ rowsAdded: 2, files: [{ ignoredColumns: ['more'] }] });
  }
  const rows = await rowsOf(warehouse);
  expect(rows).toHaveLength(4);
  expect(rows[0]).toMatchObject({
    session: '5',
    at: '2016-10-21 05:57:47',
    event: '{"action":"{\\"a\\":1}","skus":["a","é"]}',
  });
  expect(rows[3]).toMatchObject({
    session: 's1',
    at: '2016-10-21 05:57:46.123',
    event: '{"action":"view","skus":null}',
  });
});

it('loads each file of a folder by itself, in the order of their names, and new ones when they come', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({});
  await mkdir(join(folder, 'events'));
  await writeFile(join(folder, 'events/2.csv'), HEADER + GOOD);
  await writeFile(
    join(folder, 'events/1.jsonl'),
    '{"session": "s9", "at": 1477029466123, "action": "", "skus": null}\n',
  );
  await writeFile(join(folder, 'events/notes.txt'), 'x');
  const report = await load(warehouse, folder);
  expect(report.files.map(({ path, rows }) => [path, rows])).toEqual([
    [join(folder, 'events/1.jsonl'), 1],
    [join(folder, 'events/2.csv'), 2],
  ]);
  await writeFile(join(folder, 'events/3.csv'), `${HEADER}s3,view,1477029466123,\n`);
  expect(await load(warehouse, folder)).toMatchObject({ rowsAdded: 1 });
});

it.each([
  ['{"session": "s2"', 'it is not JSON'],
  ['[1]', 'it is no JSON object'],
  ['5', 'it is no JSON object'],
])('names the line that is no object: %s', async (line, problem) => {
  const good = '{"session": "s1", "action": "view", "at": 1477029466123, "skus": null}\n'.repeat(3000);
  const error = await refused({ 'events.jsonl': `${good}${line}\n${good}` });
  expect(error).toMatchObject({ code: 'INGEST_ROW_BROKEN', facts: { line: 3001, problem } });
});

it.each([
  ['{"session": "s2", "at": 12}', 'at', '12'],
  ['{"session": "s2"}', 'at', ''],
  ['{"session": "s2", "at": 1477029466123, "skus": "a"}', 'skus', 'a'],
])('names the line, the column and the value of JSON: %s', async (line, column, value) => {
  const good = '{"session": "s1", "action": "view", "at": 1477029466123, "skus": null}\n'.repeat(3000);
  const error = await refused({ 'events.jsonl': `${good}${line}\n${good}` });
  expect(error).toMatchObject({ code: 'INGEST_VALUE_WRONG', facts: { line: 3001, column, value } });
});

it('leaves bad rows out where it may, and keeps them with their line and reason', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const csv = `\uFEFF${HEADER}${GOOD}s2,add,soon,\n"s 3","a\nb",1477029466123,\ns4,add\n"s5,add,1477029466123,\ns6,view,1477029466123,\n"s7" x,view,1477029466123,\ns8,view,1477029466123,7\n`;
  const folder = await inFolder({ 'events.csv': csv.replaceAll('\n', '\r\n') });
  const options = { folder, tables: [events], schema: 'shop', now };
  await expect(ingest(warehouse, { ...options, badRowsAtMost: 4 })).rejects.toMatchObject({
    code: 'INGEST_TOO_MANY_BAD',
    facts: { atMost: 4, line: 4 },
  });
  expect(await rowsOf(warehouse)).toEqual([]);
  const report = await ingest(warehouse, { ...options, badRowsAtMost: 5 });
  expect(report.files[0]).toMatchObject({ outcome: 'loaded', rows: 4, rejected: 5 });
  expect((await rowsOf(warehouse)).map(({ session }) => session)).toEqual(['s 3', 's1', 's1', 's6']);
  const rejects = await warehouse.query('SELECT * FROM shop._rejected_rows ORDER BY line');
  const same = { path: join(folder, 'events.csv'), table: 'events_raw', rejected_at: '2026-11-24 08:00:00' };
  expect(rejects).toEqual([
    {
      ...same,
      line: 4,
      column: 'at',
      reason: expect.stringContaining("at is 'soon', not a time"),
      row: 's2,add,soon,',
    },
    { ...same, line: 7, column: '', reason: 'it has 2 columns where the first line has 4', row: 's4,add' },
    { ...same, line: 8, column: '', reason: 'a quote is opened and not closed', row: '"s5,add,1477029466123,' },
    {
      ...same,
      line: 10,
      column: '',
      reason: 'something stands behind a closing quote',
      row: '"s7" x,view,1477029466123,',
    },
    {
      ...same,
      line: 11,
      column: 'skus',
      reason: expect.stringContaining("skus is '7', not a list"),
      row: 's8,view,1477029466123,7',
    },
  ]);
  expect(await ingest(warehouse, { ...options, badRowsAtMost: 5 })).toMatchObject({
    rowsAdded: 0,
    files: [{ outcome: 'already loaded' }],
  });
});

it('leaves bad rows of JSON and Parquet out by their line and number', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const json =
    '{"session": "s1", "at": 1477029466123, "action": "a", "skus": null}\nno\n{"session": "s1", "at": 1}\n{"session": "s2", "at": 1477029466123}\n';
  const parquet = await inFolder({});
  await warehouse.execute(
    `COPY (SELECT 's' || range AS session, 'add' AS action, CASE range WHEN 70 THEN 12 ELSE 1477029466123 END AS at, CASE range WHEN 3 THEN 'x' END AS skus
     FROM range(100)) TO '${parquet}/events.parquet'`,
  );
  const options = { tables: [events], schema: 'shop', badRowsAtMost: 9 };
  const one = await ingest(warehouse, { ...options, folder: await inFolder({ 'events.jsonl.gz': gzipSync(json) }) });
  expect(one.files[0]).toMatchObject({ rows: 2, rejected: 2 });
  const two = await ingest(warehouse, { ...options, folder: parquet });
  expect(two.files[0]).toMatchObject({ rows: 98, rejected: 2 });
  const rejects = await warehouse.query(
    'SELECT line, "column", "row" FROM shop._rejected_rows ORDER BY path LIKE \'%parquet\', line',
  );
  expect(rejects).toEqual([
    { line: 2, column: '', row: 'no' },
    { line: 3, column: 'at', row: '{"session": "s1", "at": 1}' },
    { line: 4, column: 'skus', row: '{"session":"s3","action":"add","at":1477029466123,"skus":"x"}' },
    { line: 71, column: 'at', row: '{"session":"s70","action":"add","at":12,"skus":null}' },
  ]);
});

it('names the folder and the nearest file when one is missing', async () => {
  const error = await refused({ 'event.csv': HEADER + GOOD, 'notes.txt': '' });
  expect(error).toMatchObject({ code: 'INGEST_FILE_MISSING', facts: { nearest: 'event.csv' } });
  expect(error.message).toContain('Is it event.csv? Rename it to events');
  expect(await refused({ 'zebra.txt': '' })).toMatchObject({
    code: 'INGEST_FILE_MISSING',
    facts: { found: ['zebra.txt'] },
  });
});

it.each([
  ['nowhere', 'does not exist'],
  ['events.csv', 'is no folder'],
])('says so where the folder %s %s', async (name, problem) => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = join(await inFolder({ 'events.csv': HEADER + GOOD }), name);
  await expect(ingest(warehouse, { folder, tables: [events], schema: 'shop' })).rejects.toMatchObject({
    code: 'INGEST_FOLDER_MISSING',
    message: `${folder} ${problem}. Give the folder that has events.csv, events.jsonl or events.parquet.`,
  });
});

it('names some of the files of a folder that has many', async () => {
  const files = Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`z${i}.txt`, '']));
  expect((await refused(files)).message).toMatch(/Files there: z0\.txt, (?:z\d+\.txt, ){19}and 3 more\.$/);
});

it('does not choose between two files of one name', async () => {
  expect(await refused({ 'events.csv': HEADER + GOOD, 'events.csv.gz': gzipSync(HEADER + GOOD) })).toMatchObject({
    code: 'INGEST_FILE_AMBIGUOUS',
    facts: { found: ['events.csv', 'events.csv.gz'] },
  });
});

it('looks at all files before it loads the first', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': HEADER + GOOD });
  const tables = [events, { ...events, file: 'more', table: 'more_raw' }];
  await expect(ingest(warehouse, { folder, tables, schema: 'shop' })).rejects.toMatchObject({
    code: 'INGEST_FILE_MISSING',
  });
  expect(await warehouse.columns('shop.events_raw')).toEqual([]);
});

it.each([
  ['session,acton,at,skus\ns1,view,1477029466123,\n', 'the column action (is it acton?) is missing'],
  ['session,at\ns1,1477029466123\n', 'the columns action, skus are missing'],
  ['session,action,at,skus,at\ns1,view,1477029466123,,1\n', 'the column at is there twice'],
  ['session;action;at;skus\ns1;view;1477029466123;\n', 'the columns session'],
])('names the columns that are wrong: %j', async (csv, problem) => {
  const error = await refused({ 'events.csv': csv });
  expect(error).toMatchObject({ code: 'INGEST_COLUMNS_WRONG' });
  expect(error.message).toContain(problem);
});

it.each([
  ['', 'is empty (0 bytes)'],
  [HEADER, 'no row'],
  [HEADER.trim(), 'no row'],
])('refuses a file without rows: %j', async (csv, problem) => {
  const error = await refused({ 'events.csv': csv });
  expect(error).toMatchObject({ code: 'INGEST_FILE_EMPTY' });
  expect(error.message).toContain(problem);
  if (csv !== '')
    expect(await refused({ 'events.csv.gz': gzipSync(csv) })).toMatchObject({ code: 'INGEST_FILE_EMPTY' });
});

it.each([
  ['too few columns', 's2,add,1477029466123', 'it has 3 columns where the first line has 4'],
  ['too many columns', 's2,add,1477029466123,,,x', 'it has more columns than the first line, which has 4'],
  ['a quote that is not closed', 's2,"add,1477029466123,', 'a quote is opened and not closed'],
  [
    'bytes that are no UTF-8',
    Buffer.from([0x73, 0xff, 0xfe, ...Buffer.from(',add,1477029466123,')]),
    'it is not UTF-8',
  ],
])('names the line with %s', async (_, line, problem) => {
  for (const files of [{ 'events.csv': around(line) }, { 'events.csv.gz': gzipSync(around(line)) }]) {
    const error = await refused(files);
    expect(error).toMatchObject({ code: 'INGEST_ROW_BROKEN', facts: { line: 5002 } });
    expect(error.message).toContain(problem);
  }
});

it.each([
  ['s2,add,soon,', 'at', 'soon'],
  ['s2,add,,', 'at', ''],
  ['s2,add,-5,', 'at', '-5'],
  ['s2,add,1477029466,', 'at', '1477029466'],
  ['s2,add,99999999999999999999,', 'at', '99999999999999999999'],
  [`s2,add,1477029466123,"['a'"`, 'skus', `['a'`],
  ['s2,add,1477029466123,7', 'skus', '7'],
  [`"s,2",add,1477029466123,"[""a"", b]"`, 'skus', '["a", b]'],
])('names the line, the column and the value: %s', async (line, column, value) => {
  for (const files of [{ 'events.csv': around(line) }, { 'events.csv.gz': gzipSync(around(line)) }]) {
    expect(await refused(files)).toMatchObject({ code: 'INGEST_VALUE_WRONG', facts: { line: 5002, column, value } });
  }
});

it('names the value in Parquet, which has no lines', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({});
  await warehouse.execute(
    `COPY (SELECT 's' AS session, 'add' AS action, CASE range WHEN 70 THEN 12 ELSE 1477029466123 END AS at, NULL::VARCHAR AS skus
     FROM range(100)) TO '${folder}/events.parquet'`,
  );
  await expect(load(warehouse, folder)).rejects.toMatchObject({
    code: 'INGEST_VALUE_WRONG',
    facts: { column: 'at', value: '12' },
  });
  expect(await rowsOf(warehouse)).toEqual([]);
});

it('notices a gzip file that was cut, even between two rows, or changed, or is none', async () => {
  const packed = gzipSync(around('s2,add,1477029466123,'));
  expect(await refused({ 'events.csv.gz': packed.subarray(0, packed.length - 200) })).toMatchObject({
    code: 'INGEST_GZIP_DAMAGED',
    message: expect.stringContaining('ends too early'),
  });
  const unfinished = packed.subarray(0, packed.length - 4); // only the length at the end is gone
  expect(await refused({ 'events.csv.gz': unfinished })).toMatchObject({ code: 'INGEST_GZIP_DAMAGED' });
  const wrongSum = Buffer.from(packed);
  wrongSum[packed.length - 6] = (wrongSum[packed.length - 6] ?? 0) ^ 1;
  expect(await refused({ 'events.csv.gz': wrongSum })).toMatchObject({ code: 'INGEST_GZIP_DAMAGED' });
  const plain = await refused({ 'events.csv.gz': HEADER + GOOD });
  expect(plain).toMatchObject({ code: 'INGEST_GZIP_DAMAGED' });
  expect(plain.message).toContain('rename it to .csv');
});

it('notices a Parquet file that was cut or is none', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': HEADER + GOOD });
  const path = join(folder, 'events.parquet');
  await warehouse.execute(`COPY (SELECT * FROM read_csv('${folder}/events.csv', all_varchar = true)) TO '${path}'`);
  await rm(join(folder, 'events.csv'));
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, whole.length - 10));
  await expect(load(warehouse, folder)).rejects.toMatchObject({ code: 'INGEST_PARQUET_DAMAGED' });
  await writeFile(path, 'PAR1 no');
  await expect(load(warehouse, folder)).rejects.toMatchObject({ code: 'INGEST_PARQUET_DAMAGED' });
});

it('adds nothing when it is stopped, and can be called again', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': HEADER + GOOD.repeat(200_000) });
  const stop = new AbortController();
  const loading = ingest(warehouse, {
    folder,
    tables: [events],
    schema: 'shop',
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('enough')),
  });
  await expect(loading).rejects.toThrow('enough');
  expect(await rowsOf(warehouse)).toEqual([]);
  expect(await load(warehouse, folder)).toMatchObject({ rowsAdded: 400_000 });
});

it('tells how far it is, from 0 to 1', async () => {
  await using warehouse = await openWarehouse('duckdb::memory:');
  const folder = await inFolder({ 'events.csv': HEADER + GOOD });
  await cp(join(folder, 'events.csv'), join(folder, 'more.csv'));
  const seen: number[] = [];
  const tables = [events, { ...events, file: 'more', table: 'more_raw' }];
  await ingest(warehouse, { folder, tables, schema: 'shop', onProgress: (fraction) => seen.push(fraction) });
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBe(1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

it('has all of a file or nothing after a kill, and the next load makes it whole', async () => {
  const folder = await inFolder({ 'events.csv': HEADER + GOOD.repeat(200_000) });
  const room = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `import { openWarehouse } from ${room('./open-warehouse.ts')};
    import { ingest } from ${room('./ingest.ts')};
    const warehouse = await openWarehouse('duckdb:w.duckdb');
    await ingest(warehouse, { folder: '.', tables: [${JSON.stringify(events)}], schema: 'shop', onProgress: () => console.log('on') });
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await using warehouse = await openWarehouse('duckdb:w.duckdb', { cwd: folder });
  const [before] = await warehouse.query<{ n: number }>('SELECT count(*) AS n FROM shop.events_raw');
  expect([0, 400_000]).toContain(before?.n);
  await load(warehouse, folder);
  expect(await warehouse.query('SELECT count(*) AS n FROM shop.events_raw')).toEqual([{ n: 400_000 }]);
});
