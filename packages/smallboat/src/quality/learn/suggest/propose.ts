import type { Cell } from '../../../warehouse/index.ts';
import { jsonOf } from '../../json-value.ts';
import type { Severity } from '../../suite/suite.ts';
import { FORMS, TRIMMED } from './patterns.ts';
import type { ColumnProfile, TableProfile } from './profile.ts';
import { isKeyLike } from './profile.ts';
import { levelOf, widened } from './rounding.ts';

/** An expectation that the data lets one propose, and why. */
export interface Proposal {
  readonly type: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly severity: Severity;
  readonly reason: string;
}

/** Rows below which nothing is said of the values: what few rows have in common, they may have by chance. */
const ENOUGH = 30;
/** How often a value must occur to be one of a set that is complete. */
const OFTEN = 5;
/** Values that a set has at most. */
const LARGEST_SET = 20;

const count = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}`;

/** What can be asked of data like this, with reasons: of the table first, then of each column. */
export function propose(table: TableProfile): readonly Proposal[] {
  const { rows, columns, keys, ordered } = table;
  const names = columns.map(({ name }) => name);
  const proposals: Proposal[] = [
    {
      type: 'expect_table_columns_to_match_set',
      kwargs: { column_set: names, exact_match: true },
      severity: 'critical',
      reason: `These are its ${count(names.length, 'columns')}.`,
    },
  ];
  if (rows === 0) return proposals;
  proposals.push({
    type: 'expect_table_row_count_to_be_between',
    kwargs: { min_value: 1 },
    severity: 'critical',
    reason: `It has ${count(rows, 'rows')}; an empty one is a mistake.`,
  });
  if (rows < ENOUGH) return proposals;
  for (const column of columns) proposals.push(...ofColumn(column, rows));
  const [key] = keys;
  if (key !== undefined) {
    proposals.push({
      type: 'expect_compound_columns_to_be_unique',
      kwargs: { column_list: [...key] },
      severity: 'critical',
      reason: `No two rows have the same ${key.join(' and ')}, and no column alone tells them apart.`,
    });
  }
  for (const [a, b] of ordered) {
    proposals.push({
      type: 'expect_column_pair_values_a_to_be_greater_than_b',
      kwargs: { column_A: b, column_B: a, or_equal: true, ignore_row_if: 'either_value_is_missing' },
      severity: 'warning',
      reason: `${a} is never after ${b}.`,
    });
  }
  return proposals;
}

function ofColumn(column: ColumnProfile, rows: number): readonly Proposal[] {
  const { name, type, missing, family, sample } = column;
  const present = rows - missing;
  const proposals: Proposal[] = [
    {
      type: 'expect_column_values_to_be_of_type',
      kwargs: { column: name, type_: type },
      severity: 'critical',
      reason: `Its type is ${type}.`,
    },
  ];
  const level = levelOf(missing, rows);
  if (level !== undefined) {
    proposals.push({
      type: 'expect_column_values_to_not_be_null',
      kwargs: { column: name, ...mostly(level) },
      severity: 'critical',
      reason:
        missing === 0
          ? `None of ${count(rows, 'rows')} lacks it.`
          : `${count(missing, 'of')} ${count(rows, 'rows')} lack it.`,
    });
  }
  if (present < ENOUGH) return proposals;
  if (isKeyLike(family) && sample.values >= ENOUGH && sample.distinct === sample.values) {
    return [
      ...proposals,
      {
        type: 'expect_column_values_to_be_unique',
        kwargs: { column: name },
        severity: 'critical',
        reason: `No value occurs twice in ${count(present, 'rows')}.`,
      },
      ...ofText(column),
    ];
  }
  const set = setOf(column, present);
  if (set !== undefined) return [...proposals, set];
  if (family === 'integer' || family === 'decimal' || family === 'float') proposals.push(...range(column));
  if (family === 'date' || family === 'timestamp' || family === 'timestamptz') proposals.push(...notInFuture(column));
  return [...proposals, ...ofText(column)];
}

/** A set of values is proposed where they are few, each of them often, and hardly any is left out. */
function setOf({ name, values }: ColumnProfile, present: number): Proposal | undefined {
  if (values === null || values.length === 0) return undefined;
  const often = values.filter(({ count: n }) => n >= OFTEN);
  if (often.length === 0 || often.length > LARGEST_SET || present < 10 * often.length) return undefined;
  const rare = values.reduce((sum, { count: n }) => sum + (n < OFTEN ? n : 0), 0);
  const level = levelOf(rare, present);
  if (level === undefined) return undefined;
  return {
    type: 'expect_column_values_to_be_in_set',
    kwargs: { column: name, value_set: often.map(({ value }) => jsonOf(value)), ...mostly(level) },
    severity: 'critical',
    reason:
      rare === 0
        ? `It has ${count(often.length, 'values')} only, each in ${count(OFTEN, 'rows')} at least.`
        : `${count(often.length, 'values')} make up all but ${count(rare, 'of')} ${count(present, 'rows')}.`,
  };
}

function range({ name, min, max, sample }: ColumnProfile): readonly Proposal[] {
  const [low, high] = [Number(min), Number(max)];
  if (min === null || max === null || !Number.isFinite(low) || !Number.isFinite(high)) return [];
  const [, middle, late] = sample.quantiles;
  // A few values far from all others: the next data may have one that is farther.
  const isLong = typeof middle === 'number' && typeof late === 'number' && high - late > 2 * (late - middle);
  const wide = widened(low, high);
  return [
    {
      type: 'expect_column_values_to_be_between',
      kwargs: { column: name, min_value: wide.min, max_value: wide.max, ...(isLong ? { mostly: 0.999 } : {}) },
      severity: 'warning',
      reason: `Its values reach from ${String(jsonOf(min))} to ${String(jsonOf(max))}${isLong ? ', a few of them far above the others' : ''}; the range is a quarter wider on each side.`,
    },
  ];
}

function notInFuture({ name, max }: ColumnProfile): readonly Proposal[] {
  return [
    {
      type: 'expect_column_values_to_be_between',
      kwargs: { column: name, max_value: { $PARAMETER: 'now() + timedelta(days=1)' } },
      severity: 'warning',
      reason: `Its latest value, ${textOfTime(max)}, is not in the future.`,
    },
  ];
}

function textOfTime(cell: Cell): string {
  return typeof cell === 'string' ? cell : String(jsonOf(cell));
}

/** The form that nearly all texts of a sample have, or else their lengths. */
function ofText({ name, family, sample, shortest, longest }: ColumnProfile): readonly Proposal[] {
  if (family !== 'text' || sample.values === 0) return [];
  const about = { column: name };
  if (sample.json === sample.values) {
    return [
      {
        type: 'expect_column_values_to_be_json_parseable',
        kwargs: about,
        severity: 'warning',
        reason: 'All its texts are JSON objects or lists.',
      },
    ];
  }
  for (const { name: form, regex } of FORMS) {
    const others = sample.values - (sample.forms.get(form) ?? 0);
    const level = levelOf(others, sample.values);
    if (level === undefined) continue;
    return [
      {
        type: 'expect_column_values_to_match_regex',
        kwargs: { ...about, regex, ...mostly(level) },
        severity: 'warning',
        reason: `${others === 0 ? 'All its texts' : `All but ${count(others, 'of')} ${count(sample.values, 'texts')}`} are ${form}.`,
      },
    ];
  }
  const isTrimmed = sample.forms.get(TRIMMED.name) === sample.values;
  const trimmed: readonly Proposal[] = isTrimmed
    ? [
        {
          type: 'expect_column_values_to_match_regex',
          kwargs: { ...about, regex: TRIMMED.regex },
          severity: 'info',
          reason: 'None of its texts is empty or has spaces around it.',
        },
      ]
    : [];
  return [...lengths(about, shortest, longest), ...trimmed];
}

function lengths(
  about: { readonly column: string },
  shortest: number | null,
  longest: number | null,
): readonly Proposal[] {
  if (shortest === null || longest === null || longest === 0) return [];
  if (shortest === longest) {
    return [
      {
        type: 'expect_column_value_lengths_to_equal',
        kwargs: { ...about, value: shortest },
        severity: 'warning',
        reason: `All its texts have ${count(shortest, 'characters')}.`,
      },
    ];
  }
  return [
    {
      type: 'expect_column_value_lengths_to_be_between',
      kwargs: { ...about, ...(shortest === 0 ? {} : { min_value: 1 }), max_value: widened(0, longest).max },
      severity: 'info',
      reason: `Its texts have ${shortest.toLocaleString('en-US')} to ${count(longest, 'characters')}.`,
    },
  ];
}

function mostly(level: number): { readonly mostly?: number } {
  return level === 1 ? {} : { mostly: level };
}
