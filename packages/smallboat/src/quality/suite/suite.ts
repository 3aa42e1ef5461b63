import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { defineErrors, isMissing } from '../../kernel/index.ts';
import { kindsByType } from '../core/core.ts';
import type { ExpectationKind } from '../kind.ts';
import { nearest } from './nearest.ts';
import { hasParameter } from './parameters.ts';
import { parsePythonJson } from './python-json.ts';

/** One expectation of a suite: its type, its arguments as the suite has them, and what is noted beside it. */
export interface ExpectationConfig {
  readonly type: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly severity: Severity;
  readonly id?: string;
  /** What the suite's author says of it in words. */
  readonly description?: string;
  /** What its author notes beside it: why it is asked, whom to tell. */
  readonly notes?: string | readonly string[];
  /** Why it cannot be asked: it is then failed, not passed over. */
  readonly problem?: SuiteProblem;
}

export type Severity = 'critical' | 'warning' | 'info';

/** An expectation that cannot be read, in plain data. */
export interface SuiteProblem {
  readonly code: string;
  readonly message: string;
}

/** An expectation suite: plain data, the same from either format. */
export interface Suite {
  readonly name: string;
  readonly expectations: readonly ExpectationConfig[];
  readonly meta: Readonly<Record<string, unknown>>;
  /** Values for its parameters that the suite itself holds. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Which version it was written for: where the versions' results differ, they are that version's. */
  readonly resultsOf?: '1' | '0.18';
}

export interface SuiteOptions {
  /** Kinds of expectation beyond those built in. */
  readonly expectations?: readonly ExpectationKind[];
  /** Values for `{"$PARAMETER": "name"}` in arguments; they go before those in the suite. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** What errors call the suite where it comes as an object. */
  readonly path?: string;
}

export const suiteErrors = defineErrors({
  SUITE_NOT_FOUND: (f: { path: string }) =>
    `There is no expectation suite at ${f.path}. Check the path; suites are JSON files as Great Expectations writes them.`,
  SUITE_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not an expectation suite: ${f.problem}. It needs a name (name, or expectation_suite_name) and a list of expectations, each with type (or expectation_type) and kwargs.`,
  EXPECTATION_UNKNOWN: (f: { path: string; index: number; type: string; nearest: string | null }) =>
    `Expectation ${f.index + 1} of ${f.path} is of type ${f.type}, which is not known${
      f.nearest === null ? '' : `; did you mean ${f.nearest}`
    }? Correct its type, or define it with defineExpectation and hand it in; docs/expectations.md lists those there are.`,
  EXPECTATION_INVALID: (f: { path: string; index: number; type: string; problem: string }) =>
    `Expectation ${f.index + 1} of ${f.path} (${f.type}) is wrong: ${f.problem}. Correct its kwargs.`,
});

const Entry = z.object({
  kwargs: z.record(z.string(), z.unknown()).nullish(),
  meta: z.record(z.string(), z.unknown()).nullish(),
  severity: z.enum(['critical', 'warning', 'info']).nullish(),
  id: z.string().nullish(),
  ge_cloud_id: z.string().nullish(),
  description: z.string().nullish(),
  notes: z.union([z.string(), z.array(z.string())]).nullish(),
});
const File = z.object({
  name: z.string().min(1),
  meta: z.record(z.string(), z.unknown()).nullish(),
  suite_parameters: z.record(z.string(), z.unknown()).nullish(),
  evaluation_parameters: z.record(z.string(), z.unknown()).nullish(),
  expectations: z.array(Entry.extend({ type: z.string().min(1) })),
});

/**
 * Reads an expectation suite, from a JSON file or an object, as Great Expectations 0.13 (`expectation_suite_name`,
 * `expectation_type`) or 1.x (`name`, `type`) writes it. Every type and every argument is checked here. An expectation
 * that is not known or wrongly written does not keep the others from being asked: it carries its `problem`, and fails.
 *
 * Rejects with `SUITE_NOT_FOUND` and `SUITE_UNREADABLE`.
 */
export async function readSuite(from: string | object, options: SuiteOptions = {}): Promise<Suite> {
  const path = options.path ?? (typeof from === 'string' ? from : 'the given suite');
  const raw = typeof from === 'string' ? await readJson(from) : from;
  const parsed = File.safeParse(toCurrent(raw));
  if (!parsed.success) {
    throw suiteErrors.SUITE_UNREADABLE({ path, problem: oneLine(parsed.error) }, { cause: parsed.error });
  }
  const { name, meta, expectations, suite_parameters, evaluation_parameters } = parsed.data;
  const kinds = kindsByType(options.expectations);
  const parameters = { ...evaluation_parameters, ...suite_parameters, ...options.parameters };
  return {
    name,
    expectations: expectations.map((entry, index): ExpectationConfig => {
      const { type, severity, description, notes } = entry;
      const id = entry.id ?? entry.ge_cloud_id;
      const kwargs = entry.kwargs ?? {};
      const problem = problemOf({ type, kwargs }, { path, index, kinds });
      return {
        type,
        kwargs,
        meta: entry.meta ?? {},
        severity: severity ?? 'critical',
        ...(id ? { id } : {}),
        ...(description ? { description } : {}),
        ...(notes ? { notes } : {}),
        ...(problem === undefined ? {} : { problem }),
      };
    }),
    meta: meta ?? {},
    resultsOf: isOld(raw) ? '0.18' : '1',
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
  };
}

interface Place {
  readonly path: string;
  readonly index: number;
  readonly kinds: ReadonlyMap<string, ExpectationKind>;
}

/** What is wrong with an expectation, if anything. Arguments that hold parameters are checked when these are known. */
function problemOf(
  { type, kwargs }: Pick<ExpectationConfig, 'type' | 'kwargs'>,
  { path, index, kinds }: Place,
): SuiteProblem | undefined {
  const kind = kinds.get(type);
  if (kind === undefined) {
    return plain(suiteErrors.EXPECTATION_UNKNOWN({ path, index, type, nearest: nearest(type, kinds.keys()) ?? null }));
  }
  if (hasParameter(kwargs)) return undefined;
  const checked = kind.kwargs.safeParse(kwargs);
  if (checked.success) return undefined;
  return plain(suiteErrors.EXPECTATION_INVALID({ path, index, type, problem: oneLine(checked.error) }));
}

function plain({ code, message }: { readonly code: string; readonly message: string }): SuiteProblem {
  return { code, message };
}

/** Written by a version before 1: its results have the form of those versions. */
function isOld(raw: unknown): boolean {
  if (!isRecord(raw)) return false;
  if ('expectation_suite_name' in raw) return true;
  const [first] = Array.isArray(raw['expectations']) ? (raw['expectations'] as readonly unknown[]) : [];
  return isRecord(first) && 'expectation_type' in first;
}

/** The old names of the fields turned into those of version 1.x. */
function toCurrent(raw: unknown): unknown {
  if (!isRecord(raw)) return raw;
  const { expectations, name = raw['expectation_suite_name'] } = raw;
  if (!Array.isArray(expectations)) return { ...raw, name };
  const current = expectations.map((e: unknown) => (isRecord(e) ? { type: e['expectation_type'], ...e } : e));
  return { ...raw, name, expectations: current };
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
    return parsePythonJson(text);
  } catch (cause) {
    throw suiteErrors.SUITE_UNREADABLE({ path, problem: `it is no JSON (${String(cause)})` }, { cause });
  }
}

/** What zod found, in one line. */
export function oneLine(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; ');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
