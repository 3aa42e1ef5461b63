import type { WorkOptions } from '../../../kernel/index.ts';
import type { Warehouse } from '../../../warehouse/index.ts';
import { sqlOf } from '../../dialect/dialects.ts';
import { isTemporal } from '../../dialect/type-family.ts';
import { textOf } from '../../json-value.ts';
import { columnsOf } from '../../run/columns.ts';
import { validate } from '../../run/validate.ts';
import { dataNameOf, sourceOf } from '../../source.ts';
import { readSuite } from '../../suite/suite.ts';
import { profile } from './profile.ts';
import type { TableProfile } from './profile.ts';
import type { Proposal } from './propose.ts';
import { propose } from './propose.ts';
import { levelOf } from './rounding.ts';

export interface SuggestOptions extends WorkOptions {
  readonly warehouse: Warehouse;
  /** A table, a view, or a query in brackets. */
  readonly relation: string;
  /** Name of the suite; default that of the data. */
  readonly name?: string;
  /** Rows that are looked at for what cannot be counted in all of them cheaply. Default 100,000. */
  readonly sampleRows?: number;
  readonly seed?: number;
  /** Also what learns from runs: usual volume, freshness, columns. Great Expectations does not know these. Default false. */
  readonly learned?: boolean;
  readonly clock?: () => Date;
}

/** A suite as Great Expectations 1.x reads it from a file. */
export interface SuiteFile {
  readonly name: string;
  readonly expectations: readonly {
    readonly type: string;
    readonly kwargs: Readonly<Record<string, unknown>>;
    readonly meta: Readonly<Record<string, unknown>>;
    readonly severity: string;
    readonly notes: string;
  }[];
  readonly meta: Readonly<Record<string, unknown>>;
}

export interface Suggestion {
  readonly suite: SuiteFile;
  readonly rows: number;
}

const SAMPLE_ROWS = 100_000;

/**
 * Proposes a suite from data: what it asks holds for all rows as they are, each with the reason beside it (`notes`). What
 * was seen in a sample is asked of all rows before it is proposed; bounds are rounded outwards, and shares so that other
 * data of the same kind meets them too.
 */
export async function suggestSuite(options: SuggestOptions): Promise<Suggestion> {
  const { warehouse, relation, signal, onProgress } = options;
  const clock = options.clock ?? (() => new Date());
  const sql = sqlOf(warehouse.dialect);
  const columns = await columnsOf(warehouse, relation);
  const name = options.name ?? dataNameOf(relation, 'data');
  onProgress?.(0.05, name);
  const table = await profile({
    warehouse,
    sql,
    columns,
    source: sourceOf(relation),
    sampleRows: options.sampleRows ?? SAMPLE_ROWS,
    seed: options.seed ?? 1,
    signal,
  });
  onProgress?.(0.6, name);
  const held = await thoseThatHold(propose(table), { ...options, clock });
  const learned = options.learned === true ? learnedProposals(table) : [];
  onProgress?.(1, name);
  return {
    rows: table.rows,
    suite: {
      name,
      expectations: [...held, ...learned].map(({ type, kwargs, severity, reason }) => ({
        type,
        kwargs,
        meta: {},
        severity,
        notes: reason,
      })),
      meta: { smallboat: { suggested_from: relation, rows: table.rows, at: clock().toISOString() } },
    },
  };
}

/** Asks all rows: what does not hold is left out, or asked of most rows where few fail it. */
async function thoseThatHold(proposals: readonly Proposal[], options: SuggestOptions): Promise<readonly Proposal[]> {
  const { warehouse, relation, signal, clock } = options;
  const suite = await readSuite({ name: 'suggested', expectations: proposals });
  const { results } = await validate({
    suite,
    warehouse,
    relation,
    runName: 'suggest',
    resultFormat: { result_format: 'BASIC', partial_unexpected_count: 0 },
    ...(signal === undefined ? {} : { signal }),
    ...(clock === undefined ? {} : { clock }),
  });
  return proposals.flatMap((proposal, i) => {
    const found = results[i];
    if (found === undefined || found.exception_info.raised_exception) return [];
    const { unexpected_count: failing, element_count: rows, missing_count: missing } = found.result;
    if (typeof failing !== 'number' || typeof rows !== 'number' || failing === 0)
      return found.success ? [proposal] : [];
    if (proposal.type.endsWith('_unique')) return []; // a key of most rows is none
    const level = levelOf(failing, rows - (typeof missing === 'number' ? missing : 0));
    if (level === undefined) return [];
    const asked = Math.min(level, typeof proposal.kwargs['mostly'] === 'number' ? proposal.kwargs['mostly'] : 1);
    return [{ ...proposal, kwargs: { ...proposal.kwargs, mostly: asked } }];
  });
}

function learnedProposals({ columns, rows }: TableProfile): readonly Proposal[] {
  // The column whose latest time is the latest of all says best how fresh the table is.
  const [newest] = columns
    .filter(({ type, max }) => isTemporal(type) && typeof max === 'string')
    .sort((a, b) => (textOf(a.max) < textOf(b.max) ? 1 : -1));
  const fresh: readonly Proposal[] =
    newest === undefined
      ? []
      : [
          {
            type: 'expect_table_to_be_fresh',
            kwargs: { column: newest.name },
            severity: 'warning',
            reason: `Its newest ${newest.name} is ${textOf(newest.max)}; how old it may be is learned from the runs.`,
          },
        ];
  return [
    {
      type: 'expect_table_row_count_to_be_usual',
      kwargs: {},
      severity: 'warning',
      reason: `It has ${rows.toLocaleString('en-US')} rows; how many are usual is learned from the runs.`,
    },
    {
      type: 'expect_table_columns_to_be_as_before',
      kwargs: {},
      severity: 'warning',
      reason: 'A column that is gone, new or of another type is told of once.',
    },
    ...fresh,
  ];
}
