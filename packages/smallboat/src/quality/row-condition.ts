import * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import { quoteName } from '../warehouse/index.ts';
import { literal, literals } from './sql.ts';

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

/**
 * The `row_condition` of an expectation as SQL: the rows that it is asked of. It comes as SQL, in the words of Great
 * Expectations' own parser (`col("amount").notNull() and col("kind") == "a"`), or as the tree that version 1.x stores.
 * Throws `ROW_CONDITION_UNREADABLE`.
 */
export function rowConditionSql(condition: unknown): string {
  if (typeof condition === 'string') return textCondition(condition);
  const parsed = Node.safeParse(condition);
  if (!parsed.success) throw unreadable(condition, z.prettifyError(parsed.error));
  const node = parsed.data;
  switch (node.type) {
    case 'nullity':
      return `${quoteName(node.column.name)} is ${node.is_null ? '' : 'not '}null`;
    case 'pass_through':
      return textCondition(node.pass_through_filter);
    case 'and':
    case 'or':
      return node.conditions.map((c) => `(${rowConditionSql(c)})`).join(` ${node.type} `);
    case 'comparison':
    default:
      return comparison(quoteName(node.column.name), node.operator, node.parameter);
  }
}

function comparison(column: string, operator: string, parameter: unknown): string {
  const word = operator.toUpperCase().replaceAll('_', ' ');
  if (word === 'IN' || word === 'NOT IN') {
    const values: readonly unknown[] = Array.isArray(parameter) ? parameter : [parameter];
    return `${column} ${word.toLowerCase()} (${literals(values)})`;
  }
  const sign = Object.entries(OPERATORS).find(([name]) => name === operator)?.[1];
  if (sign === undefined) {
    throw unreadable({ operator }, `its operator is none of ${Object.keys(OPERATORS).join(' ')} IN NOT_IN`);
  }
  return `${column} ${sign} ${literal(parameter)}`;
}

// In Great Expectations' own syntax double quotes are around texts; in SQL around names.
function textCondition(text: string): string {
  if (text.trim() === '') throw unreadable(text, 'it is empty');
  if (text.includes(';')) throw unreadable(text, 'it holds a semicolon');
  if (!/\bcol\(\s*["']/.test(text)) return text;
  const names: string[] = [];
  const marked = text.replace(/\bcol\(\s*(["'])(.*?)\1\s*\)/g, (_, _quote: string, name: string) => {
    names.push(quoteName(name));
    return `\u{e000}${names.length - 1}\u{e001}`;
  });
  return marked
    .replace(/"([^"]*)"/g, (_, value: string) => literal(value))
    .replace(/\.notNull\(\)/gi, ' is not null')
    .replace(/\.isNull\(\)/gi, ' is null')
    .replaceAll('==', '=')
    .replace(/\u{e000}(\d+)\u{e001}/gu, (_, i: string) => names[Number(i)] ?? '');
}

function unreadable(condition: unknown, problem: string): Error {
  return rowConditionErrors.ROW_CONDITION_UNREADABLE({ condition: JSON.stringify(condition), problem });
}
