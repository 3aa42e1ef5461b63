import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import { callSite } from './site.ts';

export const fileParamErrors = defineErrors({
  PARAM_FILE_UNREADABLE: (f: { param: string; path: string; problem: string }) =>
    `The file of parameter '${f.param}', ${f.path}, cannot be used: ${f.problem}. Give another with --${f.param}.`,
});

/** From the registry of symbols, so that two copies of this package know each other's parameters. */
const fileMark: unique symbol = Symbol.for('smallboat.file');
declare const content: unique symbol;

/** A parameter that is given as the path of a file, and is the file's content: what a run was made with is kept with the run. */
export interface FileParam<T> {
  readonly [fileMark]: true;
  readonly as: 'text' | 'bytes' | 'json';
  /** Absolute, or from where the run is started. Absent: it must be given. */
  readonly default?: string;
  readonly about?: string;
  readonly schema?: z.ZodType<T>;
  /** Exists only as a type. */
  readonly [content]?: T;
}

export interface FileOptions {
  /** From the folder of the file that declares the flow. */
  readonly default?: string;
  readonly about?: string;
}

/**
 * A parameter that takes a file: `{ vocabulary: file({ default: './vocabulary.txt' }) }`. Its content is read when the run begins, and
 * kept with it; a resumed run has the same content, whatever became of the file.
 */
export function file(options?: FileOptions & { readonly as?: 'text' }): FileParam<string>;
export function file(options: FileOptions & { readonly as: 'bytes' }): FileParam<Uint8Array>;
export function file<T = unknown>(
  options: FileOptions & { readonly as: 'json'; readonly schema?: z.ZodType<T> },
): FileParam<T>;
export function file<T>(
  options: FileOptions & { readonly as?: 'text' | 'bytes' | 'json'; readonly schema?: z.ZodType<T> } = {},
): FileParam<unknown> {
  const { as = 'text', about, schema } = options;
  const site = callSite();
  const path =
    options.default === undefined ? undefined : resolve(site ? dirname(site.file) : process.cwd(), options.default);
  return {
    [fileMark]: true,
    as,
    ...(path === undefined ? {} : { default: path }),
    ...(about === undefined ? {} : { about }),
    ...(schema ? { schema } : {}),
  };
}

/** Whether a parameter takes a file. */
export function isFileParam(param: unknown): param is FileParam<unknown> {
  return typeof param === 'object' && param !== null && fileMark in param;
}

/** Reads what a file parameter is given. Rejects with `PARAM_FILE_UNREADABLE`. */
export async function readFileParam(
  name: string,
  { as, schema }: FileParam<unknown>,
  { path, cwd }: { readonly path: string; readonly cwd: string },
): Promise<unknown> {
  const place = resolve(cwd, path);
  const fail = (problem: string, cause?: unknown): never => {
    throw fileParamErrors.PARAM_FILE_UNREADABLE({ param: name, path: place, problem }, { cause });
  };
  const bytes = await readFile(place).catch((cause: unknown) => fail((cause as Error).message, cause)); // As readFile throws.
  if (as === 'bytes') return new Uint8Array(bytes);
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    fail('it is no UTF-8 text', cause);
  }
  if (as === 'text') return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    fail((cause as Error).message, cause); // As JSON.parse throws.
  }
  const parsed = schema?.safeParse(value);
  if (parsed?.success === false) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.message ?? ''} at ${issue?.path.join('.') ?? ''}`, parsed.error);
  }
  return parsed ? parsed.data : value;
}
