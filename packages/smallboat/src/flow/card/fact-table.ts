import type { TableComponent } from '../../report/index.ts';

export type Fact = readonly [what: string, value: string | undefined];

/** Facts with a value, as a table of two columns. */
export function factTable(facts: readonly Fact[]): TableComponent {
  const rows = facts.flatMap(([what, value = '']) => (value === '' ? [] : [[what, value]]));
  return { kind: 'table', isSortable: false, columns: ['what', 'value'], rows };
}
