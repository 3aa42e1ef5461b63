import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { exclusive, exclusiveErrors, isMissing, sha256 } from '../kernel/index.ts';
import type { AliasChange } from './registry.ts';
import { registryErrors } from './registry.ts';

const Line = z.object({
  alias: z.string(),
  version: z.number().int().positive().nullable(),
  at: z.number(),
  kind: z.enum(['promote', 'rollback']).exactOptional(),
  reason: z.string().exactOptional(),
  by: z.string().exactOptional(),
  /** SHA-256 of the line before; absent in lines of Smallboat 0.1, which come first. */
  previous: z.string().exactOptional(),
});

/**
 * The changes of a model's aliases, as lines that are only ever added. Each names the hash of the one before, so a line
 * that was changed, removed or put in later is noticed: rejects with `MODEL_HISTORY_BROKEN`.
 */
export async function readHistory(path: string, name: string): Promise<readonly AliasChange[]> {
  return changesIn(await linesOf(path), { path, name });
}

/** The same of lines that were read already; `path` is for messages. Throws `MODEL_HISTORY_BROKEN`. */
export function changesIn(
  lines: readonly string[],
  { path, name }: { readonly path: string; readonly name: string },
): readonly AliasChange[] {
  let previous: string | undefined;
  return lines.map((text, i) => {
    const parsed = Line.safeParse(jsonOf(text));
    const broken = (problem: string): Error =>
      registryErrors.MODEL_HISTORY_BROKEN({ name, path, line: i + 1, problem });
    if (!parsed.success) throw broken('it is not one of a history');
    const { previous: named, ...change } = parsed.data;
    if (named === undefined ? previous !== undefined : named !== hashBefore(lines, i)) {
      throw broken('the one before it was changed, removed or put in');
    }
    previous = named;
    return change;
  });
}

/** The line of a change that follows others, with a time that is not before the last one's. Throws `MODEL_HISTORY_BROKEN`. */
export function lineAfter(
  lines: readonly string[],
  change: AliasChange,
  at: { readonly path: string; readonly name: string },
): { readonly made: AliasChange; readonly line: string } {
  const made = { ...change, at: Math.max(change.at, changesIn(lines, at).at(-1)?.at ?? 0) };
  return { made, line: `${JSON.stringify({ ...made, previous: hashBefore(lines, lines.length) })}\n` };
}

/** Adds a change at the end, with a time that is not before the last one's. Processes that do so at once take turns. */
export async function addToHistory(path: string, name: string, change: AliasChange): Promise<AliasChange> {
  await mkdir(dirname(path), { recursive: true });
  await using _ = await turn(`${path}.lock`);
  const lines = await linesOf(path);
  const { made, line } = lineAfter(lines, change, { path, name });
  await using file = await open(path, 'a+');
  // What a killed process left of a line without its line break.
  const whole = Buffer.byteLength(lines.map((line) => `${line}\n`).join(''));
  if ((await file.stat()).size > whole) await file.truncate(whole);
  await file.appendFile(line);
  await file.sync();
  return made;
}

/** What an alias pointed to at a time (milliseconds since 1970): the answer to "what served then?". Undefined: to nothing. */
export function aliasAt(history: readonly AliasChange[], alias: string, at: number): AliasChange | undefined {
  const last = history.findLast((change) => change.alias === alias && change.at <= at);
  return last === undefined || last.version === null ? undefined : last;
}

/** The version that an alias pointed to before the one that it points to now; a second rollback goes further back. */
export function versionBefore(history: readonly AliasChange[], alias: string): number | undefined {
  const stack: number[] = [];
  for (const { alias: of, version, kind } of history) {
    if (of !== alias || version === null) continue;
    if (kind === 'rollback') while (stack.length > 0 && stack.at(-1) !== version) stack.pop();
    if (stack.at(-1) !== version) stack.push(version);
  }
  return stack.at(-2);
}

async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  return wholeLines(text);
}

/** Without what follows the last line break: it was not written to its end. */
export function wholeLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

function hashBefore(lines: readonly string[], i: number): string {
  return i === 0 ? '' : sha256(lines[i - 1] ?? '');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // The caller says which line it is.
  }
}

async function turn(path: string): Promise<AsyncDisposable> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await exclusive(path, 'A change of an alias');
    } catch (error) {
      if (!exclusiveErrors.ALREADY_RUNNING.is(error) || tries === 1000) throw error;
      await delay(5 + Math.min(tries, 20));
    }
  }
}
