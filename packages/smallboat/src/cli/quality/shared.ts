import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import type { CheckpointResult } from '../../quality/index.ts';
import { expectedInWords, fileRelation, observedInWords } from '../../quality/index.ts';
import { textTable } from '../../report/index.ts';
import { localTracker } from '../../tracking/index.ts';
import type { Flag } from '../command.ts';

/** Where data and pages are: of every verb of `smallboat quality`. */
export const PLACES = {
  warehouse: {
    type: 'string',
    short: 'w',
    help: 'URL of the warehouse (default: WAREHOUSE_URL, or <home>/warehouse.duckdb)',
  },
  home: { type: 'string', help: 'folder of Smallboat, for the data docs (default .smallboat)' },
} as const satisfies Readonly<Record<string, Flag>>;

/** How a check is run: of the verbs that check. */
export const CHECKING = {
  'run-name': { type: 'string', help: 'name of the run in results and pages' },
  format: { type: 'string', help: 'how much results say: BOOLEAN_ONLY, BASIC, SUMMARY (default) or COMPLETE' },
  parameter: { type: 'string', multiple: true, help: 'a value for a parameter of the suites, name=value' },
  'fail-on': { type: 'string', help: 'least severity that fails the command: critical, warning or info (default)' },
  'no-quarantine': { type: 'boolean', help: 'do not copy failing rows' },
  json: { type: 'boolean', help: "print the results as JSON, in Great Expectations' shape" },
} as const satisfies Readonly<Record<string, Flag>>;

export const placesShape = { warehouse: z.string().optional(), home: z.string().default('.smallboat') } as const;

export const checkingShape = {
  'run-name': z.string().min(1).optional(),
  format: z.enum(['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE']).optional(),
  parameter: z.array(z.string().regex(/^[^=]+=/, 'name=value is needed')).default([]),
  'fail-on': z.enum(['critical', 'warning', 'info']).optional(),
  'no-quarantine': z.boolean().default(false),
  json: z.boolean().default(false),
} as const;

interface Places {
  readonly home: string;
  readonly warehouse?: string | undefined;
}

/** Folders and the warehouse's URL that a command line means. */
export function placesOf({ home: given, warehouse }: Places, io: Io) {
  const home = resolve(io.cwd, given);
  return {
    home,
    folder: join(home, 'data-docs'),
    url: warehouse ?? `duckdb:${join(home, 'warehouse.duckdb')}`,
  };
}

/** A file among the working folder's as a relation, read by a DuckDB in memory; undefined for a table or a query. */
export function fileAmong(relation: string, io: Io): string | undefined {
  return /^\s*\(/.test(relation) ? undefined : fileRelation(resolve(io.cwd, relation));
}

/** What a command line hands to the suites: a value that is JSON is what it reads as, anything else is text. */
export function parametersOf(written: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    written.map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at), fromJson(text.slice(at + 1))];
    }),
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text; // most values are plain words
    throw error;
  }
}

/** Takes the figures of a checkpoint into a tracked run of the experiment `quality`. */
export function figuresTo(home: string, runName: string): (figures: Readonly<Record<string, number>>) => Promise<void> {
  return async (figures) => {
    await using run = await localTracker({ folder: join(home, 'tracking') }).startRun({
      experiment: 'quality',
      name: runName,
    });
    await run.logMetrics(figures);
    await run.finish();
  };
}

/** What became of a checkpoint, for people: each expectation, then where the rows and the pages are. */
export function summary({ validations, actions }: CheckpointResult, columns: number): readonly string[] {
  const several = validations.length > 1;
  const told = validations.flatMap(({ name, result, pagePath }) => {
    const { statistics: s, meta } = result;
    const { quarantine, seconds, problem, goodRows } = meta.smallboat;
    const rows = result.results.map((r) => [r.success ? '✓' : '✕', expectedInWords(r), observedInWords(r)]);
    return [
      ...(several ? ['', name] : []),
      ...(problem === undefined ? [] : [`✕ ${problem.code}: ${problem.message}`]),
      ...(rows.length === 0 ? [] : textTable(['', 'Expectation', 'Found'], rows, { width: Math.max(columns, 60) })),
      '',
      `${s.successful_expectations} of ${s.evaluated_expectations} expectations hold (${seconds} s)`,
      ...(quarantine === null ? [] : [`${quarantine.rows} failing rows are in ${quarantine.table}`]),
      ...(goodRows === undefined ? [] : [`the other rows are in ${goodRows}`]),
      pagePath,
    ];
  });
  const done = actions.flatMap(({ name, status, message }) =>
    status === 'not due' ? [] : [`${status === 'done' ? '✓' : '✕'} ${name}: ${message}`],
  );
  return [...told, ...(done.length > 0 ? ['', ...done] : [])];
}
