import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ended, Shop } from './pipeline.testing.ts';
import { aHome, aShop, leftovers, rawRows, removeFolders, smallboat, start } from './pipeline.testing.ts';

const BROWSING = 'browsing_train.csv';
const SEARCH = 'search_train.csv';
const CONTENT = 'sku_to_content.csv';
const LOADED = { browsing_train_raw: 3000, search_train_raw: 66, sku_to_content_raw: 602, _ingested_files: 3 };

let shop: Shop;
/** A home in which the shop is loaded, but nothing is trained. */
let loaded = '';
afterAll(removeFolders);
beforeAll(async () => {
  shop = await aShop();
  loaded = await aHome();
  const tables = join(import.meta.dirname, 'raw-tables.ts');
  const args = ['ingest', shop.folder, '--tables', tables, '--schema', 'sigir_2021_demo'];
  const { code, err } = await smallboat([...args, '--warehouse', `duckdb:${join(loaded, 'warehouse.duckdb')}`]).ended;
  expect(code, err).toBe(0);
});

/** One error with its code and no stack trace; nothing but the raw tables in the home, and those as they were. */
async function expectClean({ code, out, err }: Ended, home: string, rows: object | null): Promise<void> {
  expect({ code, out }, err).toEqual({ code: 1, out: '' });
  expect(err).not.toMatch(/^\s+at /m);
  expect(err).not.toMatch(/undefined|\[object|NaN/);
  expect(err.match(/^\s*[A-Z]+(?:_[A-Z]+)+: /gm)).toHaveLength(err.includes('STEP_FAILED') ? 2 : 1);
  expect(await leftovers(home)).toEqual([]);
  expect(await rawRows(home)).toEqual(rows);
}

/** Changes the cells of one line; line 1 has the names. */
const inLine = (line: number, change: (cells: string[]) => string[]) => (text: string) =>
  text
    .split('\n')
    .map((row, i) => (i === line - 1 ? change(row.split(',')).join(',') : row))
    .join('\n');
/** Changes the names of the columns. */
const inHead = (change: (name: string) => string) => inLine(1, (cells) => cells.map(change));
/** Puts a value in place of the one in a column of one line. */
const set = (line: number, column: number, value: string) =>
  inLine(line, (cells) => cells.map((cell, i) => (i === column ? value : cell)));

interface Damage {
  readonly what: string;
  readonly file: string;
  readonly change: (text: string) => string | Buffer | null;
  readonly as?: string;
  /** All that the message must say. */
  readonly says: readonly (string | RegExp)[];
}

const damages: readonly Damage[] = [
  {
    what: 'a missing file',
    file: CONTENT,
    change: () => null,
    says: ['INGEST_FILE_MISSING', 'no sku_to_content.csv, ', BROWSING, SEARCH],
  },
  {
    what: 'a misnamed file',
    file: BROWSING,
    change: (text) => text,
    as: 'browsing-train.csv',
    says: ['INGEST_FILE_MISSING', 'Is it browsing-train.csv? Rename it to browsing_train'],
  },
  {
    what: 'a missing column',
    file: BROWSING,
    change: (text) => text.replace(/^.*$/gm, (row) => row.split(',').toSpliced(2, 1).join(',')),
    says: ['INGEST_COLUMNS_WRONG', BROWSING, 'product_action'],
  },
  {
    what: 'a renamed column',
    file: BROWSING,
    change: inHead((name) => name.replace('server_timestamp_epoch_ms', 'timestamp')),
    says: ['INGEST_COLUMNS_WRONG', BROWSING, 'server_timestamp_epoch_ms', 'timestamp'],
  },
  {
    what: 'a row with too few columns',
    file: BROWSING,
    change: inLine(1500, (cells) => cells.slice(0, 4)),
    says: ['INGEST_ROW_BROKEN', `${BROWSING}, line 1500`],
  },
  {
    what: 'a quote that is never closed',
    file: SEARCH,
    change: inLine(20, (cells) => cells.map((cell, i) => (i === 0 ? `"${cell}` : cell.replaceAll('"', '')))),
    says: ['INGEST_ROW_BROKEN', `${SEARCH}, line 20`],
  },
  {
    what: 'a byte that is not UTF-8',
    file: BROWSING,
    change: (text) => Buffer.from(set(2500, 3, 'caf\u00e9')(text), 'latin1'),
    says: ['INGEST_ROW_BROKEN', `${BROWSING}, line 2500`, 'UTF-8'],
  },
  {
    what: 'a timestamp that is no number',
    file: BROWSING,
    change: set(777, 4, 'yesterday'),
    says: ['INGEST_VALUE_WRONG', `${BROWSING}, line 777`, "server_timestamp_epoch_ms is 'yesterday'"],
  },
  { what: 'an empty file', file: BROWSING, change: () => '', says: ['INGEST_FILE_EMPTY', BROWSING] },
  {
    what: 'a file with names and no row',
    file: BROWSING,
    change: (text) => text.slice(0, text.indexOf('\n') + 1),
    says: ['INGEST_FILE_EMPTY', BROWSING, 'no row'],
  },
  {
    what: 'a truncated .gz',
    file: BROWSING,
    change: (text) => gzipSync(text).subarray(0, -2000),
    as: `${BROWSING}.gz`,
    says: ['INGEST_GZIP_DAMAGED', `${BROWSING}.gz`, 'ends too early'],
  },
];

describe.concurrent('npm start on files that cannot be loaded', () => {
  it.each(damages)('says what is wrong and changes nothing: $what', async ({ file, change, as, says }) => {
    const data = await shop.damaged(file, change, as);
    const home = await aHome();
    await cp(loaded, home, { recursive: true });
    const ended = await start(['--data', data, '--home', home]).ended;
    for (const words of says) expect(ended.err).toContain(words);
    // Files before the damaged one are loaded, whole; here they were loaded before.
    await expectClean(ended, home, LOADED);
  });
});
