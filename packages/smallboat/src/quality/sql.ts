import { quoteText } from '../warehouse/index.ts';

/** A value of a suite as SQL: a set's member, a bound. Texts take the type of the column that they are compared with. */
export function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : `cast('${value}' as double)`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return quoteText(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Members of a set as SQL. */
export function literals(values: readonly unknown[]): string {
  return values.map(literal).join(', ');
}

/** Conditions that must all hold; `true` for none. */
export function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.map((c) => `(${c})`).join(' and ');
}

/** Conditions of which one must hold; `false` for none. */
export function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : conditions.map((c) => `(${c})`).join(' or ');
}

/** What follows `from`: a relation's name as it is, a query in brackets with an alias. */
export function sourceOf(relation: string): string {
  return isQuery(relation) ? `${relation.trim().replace(/;\s*$/, '')} as source` : relation;
}

/** True for `(select …)`. */
export function isQuery(relation: string): boolean {
  return relation.trim().startsWith('(');
}
