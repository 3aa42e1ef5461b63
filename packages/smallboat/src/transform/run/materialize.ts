import type { StatementOptions, Warehouse } from '../../warehouse/index.ts';
import type { Relation } from '../context/relation.ts';

export type RelationKind = 'table' | 'view';

/** The tables and views of some schemas, by `schema.name` in lower case. */
export async function existingRelations(
  warehouse: Warehouse,
  database: string,
  options: StatementOptions,
): Promise<Map<string, RelationKind>> {
  const rows = await warehouse.query<{ name: string; kind: string }>(
    `select lower(table_schema || '.' || table_name) as name, table_type as kind
     from information_schema.tables where table_catalog = ?`,
    { ...options, parameters: [database] },
  );
  return new Map(rows.map(({ name, kind }) => [name, kind === 'VIEW' ? 'view' : 'table']));
}

interface Materialize {
  readonly warehouse: Warehouse;
  readonly relation: Relation;
  readonly as: RelationKind;
  readonly sql: string;
  /** What is there under that name. */
  readonly existing: RelationKind | undefined;
}

/**
 * Makes a table or a view in place of what was there. It appears whole or not at all: if the statement fails, what was
 * there before stays as it was, for readers and for later.
 *
 * @returns the statement, and the rows of a table.
 */
export async function materialize(
  { warehouse, relation, as, sql, existing }: Materialize,
  options: StatementOptions,
): Promise<{ readonly statement: string; readonly rows: number | undefined }> {
  // On a line of its own: the text may end in a comment.
  const statement = `create or replace ${as} ${relation.print()} as (\n${sql.replace(/;\s*$/, '')}\n)`;
  if (existing === undefined || existing === as) {
    const rows = await warehouse.execute(statement, options);
    return { statement, rows: as === 'table' ? rows : undefined };
  }
  await warehouse.execute('begin transaction', options);
  try {
    await warehouse.execute(`drop ${existing} ${relation.print()}`, options);
    const rows = await warehouse.execute(statement, options);
    await warehouse.execute('commit', options);
    return { statement, rows: as === 'table' ? rows : undefined };
  } catch (error) {
    // Not under the signal: it has to happen also when the work was stopped.
    await warehouse.execute('rollback');
    throw error;
  }
}
