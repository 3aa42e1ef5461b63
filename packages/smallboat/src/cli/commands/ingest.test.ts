import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '../command.ts';
import { command as generate } from './generate.ts';
import { command as ingest } from './ingest.ts';

async function place() {
  const cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const out: string[] = [];
  const err: string[] = [];
  const draw = (text: string) => void err.push(text);
  const io = {
    cwd,
    env: {},
    isTerminal: false,
    columns: 80,
    draw,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
  };
  return { cwd, io, out, err };
}

const TABLES = `export const schema = 'x';
export const tables = [{ file: 'search_train', table: 'search_raw',
  source: [{ name: 'session_id_hash', kind: 'text' }, { name: 'server_timestamp_epoch_ms', kind: 'epochMs' }],
  columns: [{ name: 'session', from: { kind: 'column', column: 'session_id_hash' } }] }];`;

it('loads what generate made, once', async () => {
  const { cwd, io, out, err } = await place();
  await writeFile(join(cwd, 'tables.mjs'), TABLES);
  expect(await runCommand(generate, ['--out', 'data', '--rows', '4500', '--seed', '7'], io)).toBe(0);
  expect(out.join('\n')).toContain('4,500 events');
  expect(out.join('\n')).toMatch(/ 10 {2}0\.7\d\d ± 0\.00\d/);
  const args = ['data', '--tables', 'tables.mjs', '--schema', 'shop', '--json'];
  for (const rowsAdded of [100, 0]) {
    out.length = 0;
    expect(await runCommand(ingest, args, io)).toBe(0);
    expect(JSON.parse(out[0] ?? '')).toMatchObject({ rowsAdded, files: [{ table: 'shop.search_raw', rows: 100 }] });
  }
  expect(err).toEqual([]);
});

it.each([
  [['data'], 1, 'RAW_TABLES_UNREADABLE'],
  [['data', '--tables', 'none.mjs'], 1, 'RAW_TABLES_UNREADABLE'],
  [['data', '--tables', 'odd.mjs'], 1, 'it exports no list'],
  [['data', '--tables', 'tables.mjs'], 1, 'INGEST_FILE_MISSING'],
  [[], 2, 'USAGE: <folder>'],
])('ingest %j exits with %i', async (args, code, message) => {
  const { cwd, io, err } = await place();
  await mkdir(join(cwd, 'data'));
  await writeFile(join(cwd, 'tables.mjs'), TABLES);
  await writeFile(join(cwd, 'odd.mjs'), 'export const tables = 7;');
  expect(await runCommand(ingest, args, io)).toBe(code);
  expect(err[0]).toContain(message);
});

it.each([
  [['--rows', '100'], 'USAGE: --out'],
  [['--out', 'd', '--rows', 'many'], 'USAGE: --rows'],
  [['--out', 'd', '--format', 'xml'], 'USAGE: --format'],
])('generate %j exits with 2', async (args, message) => {
  const { io, err } = await place();
  expect(await runCommand(generate, args, io)).toBe(2);
  expect(err[0]).toContain(message);
});
