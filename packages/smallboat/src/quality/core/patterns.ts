import * as z from 'zod';
import { quoteName, quoteText } from '../../warehouse/index.ts';
import { allOf, anyOf } from '../dialect/sql.ts';
import type { ExpectationKind, Plan, TableFacts } from '../kind.ts';
import { defineExpectation } from '../kind.ts';
import { needsBacktracking, pythonRegExp } from './python-regex.ts';
import { column, unlessSql } from './values.ts';
import { mostlyInWords } from './words.ts';

const match_on = z.enum(['any', 'all'], 'match_on must be any or all').nullish();
const regex_list = z.array(z.string()).min(1, 'At least one regex must be supplied in the regex_list.');
const like_pattern_list = z
  .array(z.string())
  .min(1, 'At least one like_pattern must be supplied in the like_pattern_list.');
const escape = z.string().length(1, 'escape must be one character').nullish();

type How = 'any' | 'all' | 'none';

function join(how: How, conditions: readonly string[]): string {
  if (how === 'none') return allOf(conditions.map((c) => `not (${c})`));
  return how === 'all' ? allOf(conditions) : anyOf(conditions);
}

/** Texts that match any, all or none of some regular expressions: the expression is found somewhere in them. */
function regexes(column: string, patterns: readonly string[], how: How, table: TableFacts): Plan {
  const { name } = table.column(column);
  if (!patterns.some((p) => needsBacktracking(p)) || table.sql.hasLookaround) {
    return unlessSql(
      name,
      join(
        how,
        patterns.map((p) => table.sql.matches(quoteName(name), p)),
      ),
    );
  }
  // What the warehouse's expressions cannot say is asked of each distinct value here.
  const tests = patterns.map(pythonRegExp);
  return {
    kind: 'values',
    column: name,
    accepts: (value) => {
      const found = tests.filter((test) => test.test(value)).length;
      return how === 'none' ? found === 0 : how === 'all' ? found === tests.length : found > 0;
    },
  };
}

interface Like {
  readonly column: string;
  readonly patterns: readonly string[];
  readonly how: How;
  readonly escape?: string | null | undefined;
}

function likes({ column, patterns, how, escape }: Like, table: TableFacts): Plan {
  const { name } = table.column(column);
  const clause = escape ? ` escape ${quoteText(escape)}` : '';
  const text = table.sql.asText(quoteName(name), table.column(column).type);
  return unlessSql(
    name,
    join(
      how,
      patterns.map((p) => `${text} like ${quoteText(p)}${clause}`),
    ),
  );
}

/** Expectations of the form of every text of a column. */
export const PATTERN_KINDS: readonly ExpectationKind[] = [
  defineExpectation({
    type: 'expect_column_values_to_match_regex',
    kwargs: { column, regex: z.string().default('(?s).*') },
    plan: ({ column, regex }, table) => regexes(column, [regex], 'all', table),
    sentence: ({ column, regex, mostly }) => `${column} matches ${regex}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_match_regex',
    kwargs: { column, regex: z.string() },
    plan: ({ column, regex }, table) => regexes(column, [regex], 'none', table),
    sentence: ({ column, regex, mostly }) => `${column} does not match ${regex}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_match_regex_list',
    kwargs: { column, regex_list, match_on },
    plan: ({ column, regex_list, match_on }, table) => regexes(column, regex_list, match_on ?? 'any', table),
    sentence: ({ column, regex_list, match_on, mostly }) =>
      `${column} matches ${match_on ?? 'any'} of ${regex_list.join('  ')}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_match_regex_list',
    kwargs: { column, regex_list },
    plan: ({ column, regex_list }, table) => regexes(column, regex_list, 'none', table),
    sentence: ({ column, regex_list, mostly }) =>
      `${column} matches none of ${regex_list.join('  ')}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_match_like_pattern',
    kwargs: { column, like_pattern: z.string(), escape },
    plan: ({ column, like_pattern, escape }, table) =>
      likes({ column, patterns: [like_pattern], how: 'all', escape }, table),
    sentence: ({ column, like_pattern, mostly }) => `${column} is like ${like_pattern}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_match_like_pattern',
    kwargs: { column, like_pattern: z.string(), escape },
    plan: ({ column, like_pattern, escape }, table) =>
      likes({ column, patterns: [like_pattern], how: 'none', escape }, table),
    sentence: ({ column, like_pattern, mostly }) => `${column} is not like ${like_pattern}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_match_like_pattern_list',
    kwargs: { column, like_pattern_list, match_on, escape },
    plan: ({ column, like_pattern_list, match_on, escape }, table) =>
      likes({ column, patterns: like_pattern_list, how: match_on ?? 'any', escape }, table),
    sentence: ({ column, like_pattern_list, match_on, mostly }) =>
      `${column} is like ${match_on ?? 'any'} of ${like_pattern_list.join('  ')}${mostlyInWords(mostly)}`,
  }),
  defineExpectation({
    type: 'expect_column_values_to_not_match_like_pattern_list',
    kwargs: { column, like_pattern_list, escape },
    plan: ({ column, like_pattern_list, escape }, table) =>
      likes({ column, patterns: like_pattern_list, how: 'none', escape }, table),
    sentence: ({ column, like_pattern_list, mostly }) =>
      `${column} is like none of ${like_pattern_list.join('  ')}${mostlyInWords(mostly)}`,
  }),
];
