import { randomUUID } from 'node:crypto';
import { withoutEnd } from './sql-scan.ts';
import { partsOf, quoteName } from './sql-text.ts';
import { inTransaction } from './transaction.ts';
import { textOf } from './vectors.ts';
import type { StatementOptions, Warehouse } from './warehouse.ts';

export interface ReplaceOptions extends StatementOptions {
  /** What stands behind the name and before AS: `DISTKEY (id)`, `CLUSTER BY (day)`. */
  readonly properties?: string;
  /** Drops views that read the old table, where the warehouse ties them to it (PostgreSQL, Redshift). Default: the replacement fails. */
  readonly dropDependents?: boolean;
}

/**
 * Makes a table of a query's rows in place of the table or view of that name, if there is one. Others see the old rows up to the
 * moment when they see the new ones: never none, never some. If the query fails, the old ones stay.
 *
 * @param relation `schema.table`, quoted as needed. @returns rows of the table, where the warehouse says how many.
 */
export async function replaceTable(
  warehouse: Warehouse,
  relation: string,
  select: string,
  { properties = '', dropDependents, ...options }: ReplaceOptions = {},
): Promise<number> {
  const query = `${properties} AS (\n${withoutEnd(select)}\n)`;
  const isView = await isViewNow(warehouse, relation);
  if (!isView && (warehouse.dialect === 'duckdb' || warehouse.dialect === 'snowflake')) {
    return warehouse.execute(`CREATE OR REPLACE TABLE ${relation} ${query}`, options);
  }
  const aside = besides(relation);
  const make = async (): Promise<number> => {
    const rows = await warehouse.execute(`CREATE TABLE ${aside} ${query}`, options);
    await swap(warehouse, { aside, relation, isView, dropDependents: dropDependents ?? false });
    return rows;
  };
  if (warehouse.dialect !== 'snowflake') return inTransaction(warehouse, make);
  return make().catch(async (error: unknown) => {
    await warehouse.execute(`DROP TABLE IF EXISTS ${aside}`);
    throw error;
  });
}

/** Puts the finished table `aside`, of the same schema, in the place of `relation`, which may not be there. Same promise as `replaceTable`. */
export async function publishTable(
  warehouse: Warehouse,
  aside: string,
  relation: string,
  { dropDependents = false }: Pick<ReplaceOptions, 'dropDependents'> = {},
): Promise<void> {
  const isView = await isViewNow(warehouse, relation);
  const work = (): Promise<void> => swap(warehouse, { aside, relation, isView, dropDependents });
  if (warehouse.dialect === 'snowflake') await work();
  else await inTransaction(warehouse, work);
}

interface Swap {
  readonly aside: string;
  readonly relation: string;
  readonly isView: boolean | undefined;
  readonly dropDependents: boolean;
}

async function swap(warehouse: Warehouse, { aside, relation, isView, dropDependents }: Swap): Promise<void> {
  const isSnowflake = warehouse.dialect === 'snowflake';
  if (isSnowflake && isView === false) {
    // The one way that exchanges two tables in one step there.
    await warehouse.execute(`ALTER TABLE ${aside} SWAP WITH ${relation}`);
    await warehouse.execute(`DROP TABLE ${aside}`);
    return;
  }
  if (isView !== undefined) {
    const cascade = dropDependents && !isSnowflake ? ' CASCADE' : '';
    await warehouse.execute(`DROP ${isView ? 'VIEW' : 'TABLE'} ${relation}${cascade}`);
  }
  await warehouse.execute(`ALTER TABLE ${aside} RENAME TO ${isSnowflake ? relation : lastPart(relation)}`);
}

/** True for a view, false for a table, undefined where there is neither. */
async function isViewNow(warehouse: Warehouse, relation: string): Promise<boolean | undefined> {
  const [name = '', given, database] = partsOf(relation).toReversed();
  const schema = given ?? textOf((await warehouse.table('SELECT current_schema()')).rows[0]?.[0] ?? null);
  const known = await warehouse.relations({ schema, ...(database === undefined ? {} : { database }) });
  const found = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
  return found && found.kind !== 'table';
}

/** The name of the table itself, as it is written there. */
function lastPart(relation: string): string {
  return /(?:"(?:[^"]|"")*"|[^".\s]+)\s*$/.exec(relation)?.[0].trim() ?? relation;
}

/** A name in the same schema that nothing has. PostgreSQL cuts names at 63 bytes. */
function besides(relation: string): string {
  const last = lastPart(relation);
  const suffix = `__${randomUUID().slice(0, 8)}`;
  const short = last.startsWith('"')
    ? quoteName(
        `${Array.from(partsOf(last)[0] ?? '')
          .slice(0, 12)
          .join('')}${suffix}`,
      )
    : `${last.slice(0, 40)}${suffix}`;
  return relation.trimEnd().slice(0, -last.length) + short;
}
