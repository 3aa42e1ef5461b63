import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMissing } from 'smallboat/kernel';
import { generateDataset } from 'smallboat/synthetic';
import { openWarehouse } from 'smallboat/warehouse';
import { RAW_SCHEMA, rawTables } from './raw-tables.ts';

const START = join(import.meta.dirname, 'start.ts');
const SMALLBOAT = join(import.meta.dirname, '../../packages/smallboat/bin/smallboat.js');

/** How a program ended, and what it said. */
export interface Ended {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A program that was started, in a process group of its own. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until standard error has said this; resolves early where the program ends first. */
  said(text: string): Promise<void>;
  /** Kills the program and all that it started, as a machine that loses its power does. */
  killAll(): Promise<Ended>;
}

const made: string[] = [];

/** A fresh folder, until `removeFolders`. */
export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-intent-'));
  made.push(folder);
  return folder;
}

/** Removes the folders of this test file, when it is done. */
export async function removeFolders(): Promise<void> {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** Runs the real `npm start`, as npm does, on small settings. One worker process: several of these run at once. */
export function start(args: readonly string[]): Started {
  const small = ['--epochs', '2', '--rates', '0.003', '--units', '16'];
  return launch([process.execPath, START, ...small, ...args], { SMALLBOAT_MAX_WORKERS: '1' });
}

/** `npm start` as a user calls it, with no settings of ours. */
export function bareStart(args: readonly string[]): Started {
  return launch([process.execPath, START, ...args]);
}

/** Runs the program `smallboat`. */
export function smallboat(args: readonly string[]): Started {
  return launch([process.execPath, SMALLBOAT, ...args]);
}

function launch([program = '', ...args]: readonly string[], settings: NodeJS.ProcessEnv = {}): Started {
  const { INIT_CWD: _, FORCE_COLOR: __, ...inherited } = process.env;
  const env = { ...inherited, ...settings };
  const child = spawn(program, args, { cwd: tmpdir(), env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (err.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      child.on('close', () => resolve());
      look();
    });
  const killAll = (): Promise<Ended> => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    return ended;
  };
  return { child, ended, said, killAll };
}

/** The three files of a small shop by name, with a version of them damaged where `damage` says so. */
export interface Shop {
  readonly folder: string;
  /** A copy with one file changed: `change` gets its text and gives its new content, or null to leave it out. */
  damaged(file: string, change: (text: string) => string | Buffer | null, as?: string): Promise<string>;
}

/** Generates a shop, of 3,000 browsing rows where nothing else is said. */
export async function aShop(rows = 3000): Promise<Shop> {
  const folder = await aFolder();
  await generateDataset({ folder, rows, seed: 1 });
  const files = (await readdir(folder)).filter((name) => name.endsWith('.csv'));
  const texts = new Map(
    await Promise.all(files.map(async (f) => [f, await readFile(join(folder, f), 'utf8')] as const)),
  );
  return {
    folder,
    async damaged(file, change, as = file) {
      const copy = await aFolder();
      for (const [name, text] of texts) {
        const content = name === file ? change(text) : text;
        if (content !== null) await writeFile(join(copy, name === file ? as : name), content);
      }
      return copy;
    },
  };
}

/** What a home holds of the raw files: rows by table, and how many files are on record. Null where there is no warehouse. */
export async function rawRows(home: string): Promise<Readonly<Record<string, number>> | null> {
  if (!(await exists(join(home, 'warehouse.duckdb')))) return null;
  await using warehouse = await openWarehouse(`duckdb:${join(home, 'warehouse.duckdb')}`, { readOnly: true });
  const tables = [...rawTables.map(({ table }) => table), '_ingested_files'];
  const counts: Record<string, number> = {};
  for (const table of tables) {
    const [there] = await warehouse.query<{ n: number }>(
      `select count(*) as n from information_schema.tables where table_schema = ? and table_name = ?`,
      { parameters: [RAW_SCHEMA, table] },
    );
    const [row] =
      there?.n === 0 ? [] : await warehouse.query<{ n: number }>(`select count(*) as n from ${RAW_SCHEMA}.${table}`);
    counts[table] = row?.n ?? 0;
  }
  return counts;
}

/** Files in a home that are not whole, or that a stopped pipeline should not have made: a model, a lock. */
export async function leftovers(home: string, { withModel = false } = {}): Promise<readonly string[]> {
  if (!(await exists(home))) return [];
  const names = await readdir(home, { recursive: true });
  const wrong = withModel
    ? /\.(?:part|tmp|wal|spill)$|(?:start|duckdb)\.lock$/
    : /\.(?:part|tmp|wal|spill)$|(?:start|duckdb)\.lock$|^(?:models|candidates)(?:\/|$)/;
  return names.filter((name) => wrong.test(name)).toSorted();
}

async function exists(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return found !== undefined;
}

/** An empty home folder. */
export async function aHome(): Promise<string> {
  const home = join(await aFolder(), 'home');
  await mkdir(home);
  return home;
}
