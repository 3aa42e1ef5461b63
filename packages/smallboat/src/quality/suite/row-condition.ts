import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import { quoteName } from '../../warehouse/index.ts';
import { literal, literals } from '../dialect/sql.ts';
import { familyOf, isTemporal } from '../dialect/type-family.ts';
import type { TableFacts } from '../kind.ts';
import { readTime } from '../time/read-time.ts';
import { timeLiteral } from '../time/time-sql.ts';
import { pandasConditionSql } from './pandas-condition.ts';

export const rowConditionErrors = defineErrors({
  ROW_CONDITION_UNREADABLE: (f: { condition: string; problem: string }) =>
    `The row condition ${f.condition} cannot be read: ${f.problem}. Write it as SQL (amount > 5 and kind = 'a'), as col("amount") > 5, or as Great Expectations 1.x stores it.`,
});

const OPERATORS = { '==': '=', '!=': '<>', '<': '<', '<=': '<=', '>': '>', '>=': '>=' } as const;
const Column = z.object({ name: z.string() });
const Node = z.discriminatedUnion('type', [
  z.object({ type: z.literal('comparison'), column: Column, operator: z.string(), parameter: z.unknown() }),
  z.object({ type: z.literal('nullity'), column: Column, is_null: z.boolean() }),
  z.object({ type: z.literal('pass_through'), pass_through_filter: z.string() }),
  z.object({ type: z.literal('and'), conditions: z.array(z.unknown()).min(1) }),
  z.object({ type: z.literal('or'), conditions: z.array(z.unknown()).min(1) }),
]);

type Table = Pick<TableFacts, 'sql' | 'column' | 'now'>;

/**
 * The `row_condition` of an expectation as SQL: the rows that it is asked of. It comes as SQL, in the words of Great
 * Expectations' own parser (`col("kind") == "a"`), as a pandas query (`condition_parser: pandas`), or as the tree that
 * version 1.x stores. Throws `ROW_CONDITION_UNREADABLE`, and `EXPECTATION_COLUMN_MISSING` for a column that is not there.
 */
export function rowConditionSql(condition: unknown, table: Table, parser?: string | null): string {
  if (typeof condition === 'string') return textCondition(condition, table, parser ?? undefined);
  const parsed = Node.safeParse(condition);
  if (!parsed.success) throw unreadable(condition, z.prettifyError(parsed.error));
  const node = parsed.data;
  switch (node.type) {
    case 'nullity':
      return `${quoteName(table.column(node.column.name).name)} is ${node.is_null ? '' : 'not '}null`;
    case 'pass_through':
      return textCondition(node.pass_through_filter, table, parser ?? undefined);
    case 'and':
    case 'or':
      return node.conditions.map((c) => `(${rowConditionSql(c, table, parser)})`).join(` ${node.type} `);
    case 'comparison':
    default:
      return comparison(node, table);
  }
}

interface Comparison {
  readonly column: { readonly name: string };
  readonly operator: string;
  readonly parameter?: unknown;
}

function comparison({ column: { name }, operator, parameter }: Comparison, table: Table): string {
  const found = table.column(name);
  const column = quoteName(found.name);
  const value = (one: unknown): string => {
    const time = typeof one === 'string' && isTemporal(found.type) ? readTime(one, table.now) : undefined;
    return time === undefined ? literal(table.sql, one) : timeLiteral(time, found.type);
  };
  const word = operator.toUpperCase().replaceAll('_', ' ');
  if (word === 'IN' || word === 'NOT IN') {
    const values: readonly unknown[] = Array.isArray(parameter) ? parameter : [parameter];
    if (values.length === 0) return word === 'IN' ? 'false' : 'true';
    return `${column} ${word.toLowerCase()} (${values.map(value).join(', ')})`;
  }
  const sign = Object.entries(OPERATORS).find(([name]) => name === operator)?.[1];
  if (sign === undefined) {
    throw unreadable({ operator }, `its operator is none of ${Object.keys(OPERATORS).join(' ')} IN NOT_IN`);
  }
  return `${column} ${sign} ${value(parameter)}`;
}

function textCondition(text: string, table: Table, parser: string | undefined): string {
  if (text.trim() === '') throw unreadable(text, 'it is empty');
  if (parser === 'pandas') return pandas(text, table);
  if (/\bcol\(\s*["']/.test(text)) return ownWords(text, table);
  if (text.includes(';')) throw unreadable(text, 'it holds a semicolon');
  return text;
}

function pandas(text: string, table: Table): string {
  try {
    return pandasConditionSql(text, {
      sql: table.sql,
      isText: (column) => familyOf(table.column(column).type) === 'text',
      name: (column) => quoteName(table.column(column).name),
    });
  } catch (cause) {
    if (!(cause instanceof Error) || 'code' in cause) throw cause;
    throw unreadable(text, cause.message);
  }
}

// Great Expectations' own syntax: double quotes are around texts, in SQL around names.
function ownWords(text: string, table: Table): string {
  const kept: string[] = [];
  const keep = (sql: string): string => `\u{e000}${kept.push(sql) - 1}\u{e001}`;
  const marked = text
    .replace(/\bcol\(\s*(["'])(.*?)\1\s*\)/g, (_, _quote: string, name: string) =>
      keep(quoteName(table.column(name).name)),
    )
    .replace(/\bdate\(\s*(["'])(.*?)\1\s*\)/g, (all: string, _quote: string, text: string) => {
      const time = readTime(text, table.now);
      if (time === undefined) throw unreadable(text, `${all} is no date`);
      return keep(timeLiteral(time, 'timestamp'));
    })
    .replace(/"([^"]*)"|'([^']*)'/g, (_, a: string | undefined, b: string | undefined) =>
      keep(literals(table.sql, [a ?? b ?? ''])),
    )
    .replace(/\.not_?null\(\)/gi, ' is not null')
    .replace(/\.is_?null\(\)/gi, ' is null')
    .replaceAll('==', '=')
    .replace(/&&?/g, ' and ')
    .replace(/\|\|?/g, ' or ');
  if (marked.includes(';')) throw unreadable(text, 'it holds a semicolon');
  return marked.replace(/\u{e000}(\d+)\u{e001}/gu, (_, i: string) => kept[Number(i)] ?? '');
}

function unreadable(condition: unknown, problem: string): Error {
  return rowConditionErrors.ROW_CONDITION_UNREADABLE({ condition: JSON.stringify(condition), problem });
}
