import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as z from 'zod';
import { isIntact } from './seal.ts';
import { aside, defineErrors, isMissing, writeWhole, messageOf } from '../../kernel/index.ts';

export const storeFileErrors = defineErrors({
  STORE_WRITE_FAILED: (f: { path: string; problem: string }) =>
    `Could not write ${f.path}: ${f.problem}. Nothing was half-written: make room or give access there, then resume the run.`,
  STORE_FILE_DAMAGED: (f: { path: string; problem: string }) =>
    `${f.path} is not as it was written: ${f.problem}. Put it back from a backup, or delete the folder of that run and run it anew.`,
  STORE_TOO_NEW: (f: { path: string; format: string; known: number }) =>
    `${f.path} was written by a later version of Smallboat: its format is ${f.format}, this one knows up to ${f.known}. Update Smallboat, or use another folder with --home.`,
});

/** Does what writes `path`; what the system says against it becomes `STORE_WRITE_FAILED`. */
export async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw asWriteFailed(path, error);
  }
}

function asWriteFailed(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return storeFileErrors.STORE_WRITE_FAILED({ path, problem: error.message }, { cause: error });
}

/** Writes a file, waiting until it is on the disk. Rejects with `STORE_WRITE_FAILED`. */
export function writeText(path: string, text: string): Promise<void> {
  return writing(path, () => writeWhole(path, text));
}

/*
 * A task has some twenty files of 200 bytes. The functions below block for each, which takes 0.03 ms; passing each of the five calls of a
 * whole write to another thread and back takes three to ten times as long, and more where the machine is busy. What takes long is never
 * done so: large contents, and waiting for the disk.
 */

/** Writes small files whole, by name in `folder`, without waiting for the disk. Throws `STORE_WRITE_FAILED`. */
export function writeSmall(folder: string, files: Readonly<Record<string, string | readonly Uint8Array[]>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    const part = aside(path);
    try {
      writeMakingFolder(part, typeof content === 'string' ? content : Buffer.concat(content));
      renameSync(part, path);
    } catch (error) {
      if (existsSync(part)) rmSync(part, { force: true });
      throw asWriteFailed(path, error);
    }
  }
}

/** Bytes of a log's end that are looked at before more is added. */
const TAIL = 1 << 12;

/**
 * Adds to a file what `text` makes of the end of the file: its last lines, or a part of the last one where that is longer than 4 KiB.
 * Throws `STORE_WRITE_FAILED`.
 */
export function appendText(path: string, text: (tail: string) => string): void {
  try {
    const file = openMakingFolder(path);
    try {
      const { size } = fstatSync(file);
      const end = Buffer.alloc(Math.min(size, TAIL));
      readSync(file, end, 0, end.length, size - end.length);
      // The first line is cut, unless all is there; the break before the next stays as the start of what is whole.
      const whole = size > TAIL ? Math.max(0, end.indexOf(0x0a)) : 0;
      appendFileSync(file, text(end.toString('utf8', whole)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asWriteFailed(path, error);
  }
}

function openMakingFolder(path: string): number {
  try {
    return openSync(path, 'a+');
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a+');
  }
}

/** Makes a file, if there is none: false if there is. Throws `STORE_WRITE_FAILED`. */
export function makeFile(path: string, content: string | Uint8Array): boolean {
  try {
    writeMakingFolder(path, content);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw asWriteFailed(path, error);
  }
}

function writeMakingFolder(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { flag: 'wx' });
  }
}

/** A JSON file on this machine; undefined where there is none. Rejects with `STORE_FILE_DAMAGED`. */
export async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S> | undefined> {
  const text = await ifThere(readFile(path, 'utf8'));
  return text === undefined ? undefined : parseStored(text, path, schema);
}

/** The object that a file of the store holds, looked at no further: for what is read by hand. Throws `STORE_FILE_DAMAGED`, naming `path`. */
export function objectIn(text: string, path: string): Readonly<Record<string, unknown>> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw storeFileErrors.STORE_FILE_DAMAGED({ path, problem: 'it is not JSON' }, { cause });
  }
  if (typeof found !== 'object' || found === null) {
    throw storeFileErrors.STORE_FILE_DAMAGED({ path, problem: 'it does not hold an object' });
  }
  return found as Readonly<Record<string, unknown>>; // An object has names and values.
}

/** What a file of the store says. Throws `STORE_FILE_DAMAGED`, naming `path`. */
export function parseStored<S extends z.ZodType>(text: string, path: string, schema: S): z.infer<S> {
  let parsed: z.infer<S>;
  try {
    parsed = schema.parse(JSON.parse(text));
  } catch (cause) {
    throw storeFileErrors.STORE_FILE_DAMAGED({ path, problem: firstLine(cause) }, { cause });
  }
  if (!isIntact(text)) throw storeFileErrors.STORE_FILE_DAMAGED({ path, problem: 'its sum does not fit' });
  return parsed;
}

function firstLine(error: unknown): string {
  const text = messageOf(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}

/** The names in a folder; none where there is no such folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await ifThere(readdir(folder))) ?? [];
}

export function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** When a file was changed, in milliseconds since 1970; undefined where there is none. */
export async function changedAt(path: string): Promise<number | undefined> {
  return (await ifThere(stat(path)))?.mtimeMs;
}

/** What a call on a file gives; undefined where the file is missing. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    return missing(error);
  }
}

/** The same for a call that blocks. */
export function ifThereNow<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    return missing(error);
  }
}

function missing(error: unknown): undefined {
  if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) return undefined;
  throw error;
}
