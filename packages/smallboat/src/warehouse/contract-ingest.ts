import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { WarehouseContract } from './contract-values.ts';
import { HOSTILE } from './contract-values.ts';
import { ingest } from './ingest.ts';
import { relationIn } from './ledger.ts';
import { openWarehouse } from './open-warehouse.ts';
import type { RawTable } from './raw-table.ts';
import { nameIn } from './sql-text.ts';
import { textOf } from './vectors.ts';
import type { Cell, Warehouse } from './warehouse.ts';

/** Raw events, as the tables of the original project have them: keys, a time, and the event as JSON. */
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
    { name: 'happened', from: { kind: 'column', column: 'at' } },
    { name: 'organization', from: { kind: 'constant', value: "Bob's" } },
    { name: 'loaded', from: { kind: 'loadedAt' } },
    { name: 'skus', from: { kind: 'column', column: 'skus' } },
    { name: 'event', from: { kind: 'json', columns: ['action', 'skus'] } },
  ],
  layout: { distributeBy: 'session', sortBy: ['happened'] },
};

const now = new Date('2026-11-24T08:00:00Z');
const HEADER = 'session,action,at,skus\n';
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** What every warehouse does with raw files; a part of `warehouseContract`. */
export function ingestContract({ create }: Pick<WarehouseContract, 'create'>): void {
  const load = (warehouse: Warehouse, folder: string, badRowsAtMost = 0) =>
    ingest(warehouse, { folder, tables: [events], schema: 'shop', now, badRowsAtMost });
  const rowsOf = async (warehouse: Warehouse): Promise<readonly (readonly Cell[])[]> => {
    const { dialect } = warehouse;
    const columns = events.columns.map(({ name }) => nameIn(dialect, name)).join(', ');
    const { rows } = await warehouse.table(`SELECT ${columns} FROM ${relationIn(dialect, 'shop', 'events_raw')}`);
    const parsed = (cell: Cell | undefined): Cell =>
      cell === null || cell === undefined ? null : (JSON.parse(textOf(cell)) as Cell);
    return rows
      .map(([session = null, at = null, organization = null, loaded = null, skus, event]) => [
        session,
        at,
        organization,
        loaded,
        parsed(skus),
        parsed(event),
      ])
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  };

  it('loads raw files of every format alike, and each once', async () => {
    await using warehouse = await create();
    await using reader = await openWarehouse('duckdb::memory:');
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const parts = join(folder, 'events');
    await mkdir(parts);
    const texts = HOSTILE.filter((text) => text !== '');
    const csv = texts
      .map((text, i) => `${quoted(`c${text}`)},${quoted(text)},${1_477_029_466_000 + i},"['a', 'b']"\n`)
      .join('');
    await writeFile(join(parts, '1.csv'), `${HEADER}${csv},view,1477029466123,\n`);
    await writeFile(join(parts, '2.csv.gz'), gzipSync(`${HEADER}g,add,1477029466123,[]\n`));
    await writeFile(
      join(parts, '3.jsonl'),
      `${JSON.stringify({ session: 'j', action: 'x "y"\n', at: 1_477_029_466_123, skus: ['é'] })}\n`,
    );
    await reader.execute(
      `COPY (SELECT 'p' AS session, '' AS action, 1477029466123 AS at, ['q'] AS skus) TO '${parts}/4.parquet'`,
    );
    const report = await load(warehouse, folder);
    expect(report.files.map(({ outcome, rows }) => [outcome, rows])).toEqual([
      ['loaded', texts.length + 1],
      ['loaded', 1],
      ['loaded', 1],
      ['loaded', 1],
    ]);
    const same = ["Bob's", '2026-11-24 08:00:00'];
    const at = '2016-10-21 05:57:46.123';
    const expected = [
      ...texts.map((text, i) => [
        `c${text}`,
        i === 0 ? '2016-10-21 05:57:46' : `2016-10-21 05:57:46.${String(i).padStart(3, '0').replace(/0+$/, '')}`,
        ...same,
        ['a', 'b'],
        { action: text, skus: ['a', 'b'] },
      ]),
      [null, at, ...same, null, { action: 'view', skus: null }],
      ['g', at, ...same, [], { action: 'add', skus: [] }],
      ['j', at, ...same, ['é'], { action: 'x "y"\n', skus: ['é'] }],
      ['p', at, ...same, ['q'], { action: '', skus: ['q'] }],
    ].toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    expect(await rowsOf(warehouse)).toEqual(expected);
    expect(await load(warehouse, folder)).toMatchObject({
      rowsAdded: 0,
      files: [{ outcome: 'already loaded', rows: texts.length + 1 }, {}, {}, {}],
    });
    expect(await rowsOf(warehouse)).toHaveLength(texts.length + 4);
    await rm(folder, { recursive: true });
  });

  it('loads nothing of a file with a bad row, or keeps such rows aside with line and reason', async () => {
    await using warehouse = await create();
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await writeFile(
      join(folder, 'events.csv'),
      `${HEADER}s1,view,1477029466123,\ns2,add,soon,\n"s\n3",add\ns4,view,1477029466124,\n`,
    );
    await expect(load(warehouse, folder)).rejects.toMatchObject({
      code: 'INGEST_VALUE_WRONG',
      facts: { line: 3, column: 'at', value: 'soon' },
    });
    expect(await rowsOf(warehouse)).toEqual([]);
    expect((await load(warehouse, folder, 2)).files[0]).toMatchObject({ rows: 2, rejected: 2 });
    expect((await rowsOf(warehouse)).map(([session]) => session)).toEqual(['s1', 's4']);
    const { dialect } = warehouse;
    const [line, reason, row] = ['line', 'reason', 'row'].map((name) => nameIn(dialect, name));
    const rejects = await warehouse.table(
      `SELECT ${line}, ${reason}, ${row} FROM ${relationIn(dialect, 'shop', '_rejected_rows')} ORDER BY 1`,
    );
    expect(rejects.rows).toEqual([
      [3, expect.stringContaining("at is 'soon'"), 's2,add,soon,'],
      [4, 'it has 2 columns where the first line has 4', '"s\n3",add'],
    ]);
    await rm(folder, { recursive: true });
  });

  it('adds the rows of a file once, however many load it at the same time', async () => {
    await using warehouse = await create();
    await using other = await warehouse.connect();
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    await mkdir(join(folder, 'events'));
    await writeFile(join(folder, 'events/1.csv'), `${HEADER}s1,view,1477029466123,\n`);
    await load(warehouse, folder);
    await writeFile(join(folder, 'events/2.csv'), HEADER + 's2,view,1477029466123,\n'.repeat(500));
    const reports = await Promise.all([load(warehouse, folder), load(other, folder)]);
    expect(reports.reduce((sum, { rowsAdded }) => sum + rowsAdded, 0)).toBe(500);
    expect(await rowsOf(warehouse)).toHaveLength(501);
    await rm(folder, { recursive: true });
  });
}
