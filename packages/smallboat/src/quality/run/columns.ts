import { defineErrors } from '../../kernel/index.ts';
import type { ColumnType, Warehouse } from '../../warehouse/index.ts';
import { isQuery, selectFrom } from '../source.ts';

export const validateErrors = defineErrors({
  RELATION_NOT_FOUND: (f: { relation: string; location: string }) =>
    `There is no table or view ${f.relation} in ${f.location}. Run what makes it first, or correct its name.`,
});

/** The columns of a relation. Rejects with `RELATION_NOT_FOUND`, and with `STATEMENT_FAILED` for a query that does not run. */
export async function columnsOf(warehouse: Warehouse, relation: string): Promise<readonly ColumnType[]> {
  if (isQuery(relation)) return (await warehouse.table(`${selectFrom(relation)} limit 0`)).columns;
  const columns = await warehouse.columns(relation);
  if (columns.length === 0) throw validateErrors.RELATION_NOT_FOUND({ relation, location: warehouse.location });
  return columns;
}
