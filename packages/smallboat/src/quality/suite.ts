import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { defineErrors, isMissing } from '../kernel/index.ts';
import { kindsByType } from './core/core.ts';
import type { ExpectationKind } from './kind.ts';
import { nearest } from './nearest.ts';

/** One expectation of a suite: its type, its arguments as the suite has them, and what is noted beside it. */
export interface ExpectationConfig {
  readonly type: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly severity: 'critical' | 'warning' | 'info';
  readonly id?: string;
}

/** An expectation suite: plain data, the same from either format. */
export interface Suite {
  readonly name: string;
  readonly expectations: readonly ExpectationConfig[];
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface SuiteOptions {
  /** Kinds of expectation beyond those built in. */
  readonly expectations?: readonly ExpectationKind[];
  /** Values for `{"$PARAMETER": "name"}` in arguments. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export const suiteErrors = defineErrors({
  SUITE_NOT_FOUND: (f: { path: string }) =>
    `There is no expectation suite at ${f.path}. Check the path; suites are JSON files as Great Expectations writes them.`,
  SUITE_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not an expectation suite: ${f.problem}. It needs a name (name, or expectation_suite_name) and a list of expectations, each with type (or expectation_type) and kwargs.`,
  EXPECTATION_UNKNOWN: (f: {
    path: string;
    index: number;
    type: string;
    nearest: string | null;
    known: readonly string[];
  }) =>
    `Expectation ${f.index + 1} of ${f.path} is of type ${f.type}, which is not known${
      f.nearest === null ? '' : `; did you mean ${f.nearest}`
    }? Define it with defineExpectation and hand it in, or use one of ${f.known.join(', ')}.`,
  EXPECTATION_INVALID: (f: { path: string; index: number; type: string; problem: string }) =>
    `Expectation ${f.index + 1} of ${f.path} (${f.type}) is wrong: ${f.problem}. Correct its kwargs.`,
  SUITE_PARAMETER_MISSING: (f: { path: string; index: number; parameter: string }) =>
    `Expectation ${f.index + 1} of ${f.path} needs the parameter '${f.parameter}', which was not given. Hand it in with 'parameters'.`,
});

const Entry = z.object({
  kwargs: z.record(z.string(), z.unknown()).default({}),
  meta: z.record(z.string(), z.unknown()).nullish(),
  severity: z.enum(['critical', 'warning', 'info']).nullish(),
  id: z.string().nullish(),
});
const File = z.object({
  name: z.string().min(1),
  meta: z.record(z.string(), z.unknown()).nullish(),
  expectations: z.array(Entry.extend({ type: z.string().min(1) })),
});

/**
 * Reads an expectation suite, from a JSON file or an object, as Great Expectations 0.13 (`expectation_suite_name`,
 * `expectation_type`) or 1.x (`name`, `type`) writes it. Every type and every argument is checked here, so that a
 * suite that can be read can be run; nothing in it is passed over.
 */
export async function readSuite(from: string | object, options: SuiteOptions = {}): Promise<Suite> {
  const path = typeof from === 'string' ? from : 'the given suite';
  const raw = typeof from === 'string' ? await readJson(from) : from;
  const parsed = File.safeParse(toCurrent(raw));
  if (!parsed.success) {
    throw suiteErrors.SUITE_UNREADABLE({ path, problem: oneLine(parsed.error) }, { cause: parsed.error });
  }
  const kinds = kindsByType(options.expectations);
  const expectations = parsed.data.expectations.map((entry, index): ExpectationConfig => {
    const { type, kwargs: written, meta, severity, id } = entry;
    const kind = kinds.get(type);
    if (kind === undefined) {
      const known = [...new Set([...kinds.values()].map((k) => k.type))].sort();
      const meant = nearest(type, kinds.keys()) ?? null;
      throw suiteErrors.EXPECTATION_UNKNOWN({ path, index, type, nearest: meant, known });
    }
    const kwargs = withParameters(written, options.parameters ?? {}, (parameter) =>
      suiteErrors.SUITE_PARAMETER_MISSING({ path, index, parameter }),
    );
    const checked = kind.kwargs.safeParse(kwargs);
    if (!checked.success) {
      const problem = oneLine(checked.error);
      throw suiteErrors.EXPECTATION_INVALID({ path, index, type, problem }, { cause: checked.error });
    }
    return { type, kwargs, meta: meta ?? {}, severity: severity ?? 'critical', ...(id ? { id } : {}) };
  });
  return { name: parsed.data.name, expectations, meta: parsed.data.meta ?? {} };
}

/** The old names of the fields turned into those of version 1.x. */
function toCurrent(raw: unknown): unknown {
  if (!isRecord(raw)) return raw;
  const { expectations, name = raw['expectation_suite_name'] } = raw;
  if (!Array.isArray(expectations)) return { ...raw, name };
  const current = expectations.map((e: unknown) => (isRecord(e) ? { type: e['expectation_type'], ...e } : e));
  return { ...raw, name, expectations: current };
}

function withParameters(
  kwargs: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, unknown>>,
  missing: (parameter: string) => Error,
): Record<string, unknown> {
  const entries = Object.entries(kwargs).map(([key, value]) => {
    const parameter = isRecord(value) ? value['$PARAMETER'] : undefined;
    if (typeof parameter !== 'string') return [key, value] as const;
    if (!Object.hasOwn(parameters, parameter)) throw missing(parameter);
    return [key, parameters[parameter]] as const;
  });
  return Object.fromEntries(entries);
}

async function readJson(path: string): Promise<unknown> {
  let text = '';
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) throw suiteErrors.SUITE_NOT_FOUND({ path }, { cause });
    throw suiteErrors.SUITE_UNREADABLE({ path, problem: String(cause) }, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw suiteErrors.SUITE_UNREADABLE({ path, problem: `it is no JSON (${String(cause)})` }, { cause });
  }
}

function oneLine(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
