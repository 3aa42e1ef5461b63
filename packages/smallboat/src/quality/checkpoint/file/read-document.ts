import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { isMissing } from '../../../kernel/index.ts';
import { checkpointFileErrors } from './errors.ts';

/** What a YAML or JSON file holds: an object by its keys. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads a file of a Great Expectations project: JSON is YAML. Undefined where there is none. Rejects with `CHECKPOINT_UNREADABLE`. */
export async function readDocument(path: string): Promise<Fields | undefined> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw checkpointFileErrors.CHECKPOINT_UNREADABLE({ path, problem: String(cause) }, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    const problem = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    const { line } = lines.linePos(error.pos[0]);
    throw checkpointFileErrors.CHECKPOINT_UNREADABLE({ path, line, problem }, { cause: error });
  }
  const data: unknown = document.toJS({ maxAliasCount: 1000 });
  if (data === null || data === undefined) return {};
  if (!isFields(data)) throw checkpointFileErrors.CHECKPOINT_UNREADABLE({ path, problem: 'it is no mapping' });
  return data;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields that stand under a key; none where there is something else. */
export function fieldsAt(fields: Fields, key: string): Fields {
  const value = fields[key];
  return isFields(value) ? value : {};
}

/** The list that stands under a key, those of its items that are fields. */
export function listAt(fields: Fields, key: string): readonly Fields[] {
  const value = fields[key];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

/** The text that stands under a key; undefined for an empty one and for anything else. */
export function textAt(fields: Fields, key: string): string | undefined {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
