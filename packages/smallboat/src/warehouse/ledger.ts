import { factsOf } from './dialect.ts';
import { REJECT_COLUMNS } from './clean-file.ts';
import { nameIn, quoteText, textIn } from './sql-text.ts';
import type { Dialect, Warehouse } from './warehouse.ts';

/** The table that has a row for every file that was ever loaded, beside the raw tables. */
const LEDGER = '_ingested_files';

/** The table of rows that were not loaded. */
const REJECTS = '_rejected_rows';

/** A file that was loaded. */
export interface LedgerRow {
  readonly path: string;
  readonly sha256: string;
  readonly rows: number;
  readonly bytes: number;
  readonly loadedAt: Date;
  readonly table: string;
}

/** What is known of files that were loaded into the raw tables of a schema. */
export interface Ledger {
  /** Makes the tables where they are not there. */
  prepare(): Promise<void>;
  /** Files of that many bytes that went into the table. */
  alike(table: string, bytes: number): Promise<readonly { readonly sha256: string; readonly rows: number }[]>;
  /**
   * Inside a transaction: keeps others from loading the same file at the same time, up to its end.
   * @returns rows of the file if it was loaded already.
   */
  claim(row: Omit<LedgerRow, 'rows'>): Promise<number | undefined>;
  /** Inside the same transaction, after the rows. */
  write(row: LedgerRow): Promise<void>;
  readonly rejects: string;
}

/** `schema.name`, as it is written in a dialect. */
export function relationIn(dialect: Dialect, schema: string, name: string): string {
  return `${nameIn(dialect, schema)}.${nameIn(dialect, name)}`;
}

export function ledgerOf(warehouse: Warehouse, schema: string): Ledger {
  const { dialect } = warehouse;
  const { types } = factsOf(dialect);
  const name = (column: string): string => nameIn(dialect, column);
  const ledger = relationIn(dialect, schema, LEDGER);
  const rejects = relationIn(dialect, schema, REJECTS);
  const columns = ['path', 'sha256', 'rows', 'bytes', 'loaded_at', 'table'].map(name).join(', ');
  const find = async (table: string, sha256: string): Promise<number | undefined> => {
    const found = await warehouse.query<{ rows: number }>(
      `SELECT ${name('rows')} AS "rows" FROM ${ledger} WHERE ${name('table')} = ? AND ${name('sha256')} = ?`,
      { parameters: [table, sha256] },
    );
    return found[0]?.rows;
  };
  const values = ({ path, sha256, bytes, loadedAt, table }: Omit<LedgerRow, 'rows'>) => [
    path,
    sha256,
    bytes,
    timeText(loadedAt),
    table,
  ];
  return {
    rejects,

    async prepare() {
      await warehouse.execute(`CREATE SCHEMA IF NOT EXISTS ${nameIn(dialect, schema)}`);
      await warehouse.execute(
        `CREATE TABLE IF NOT EXISTS ${ledger} (${name('path')} ${types.text}, ${name('sha256')} ${types.text}, ${name('rows')} BIGINT,
           ${name('bytes')} BIGINT, ${name('loaded_at')} ${types.timestamp}, ${name('table')} ${types.text})`,
      );
      const kinds = REJECT_COLUMNS.map(
        (column) =>
          `${name(column)} ${column === 'line' ? 'BIGINT' : column === 'rejected_at' ? types.timestamp : types.text}`,
      );
      await warehouse.execute(`CREATE TABLE IF NOT EXISTS ${rejects} (${kinds.join(', ')})`);
    },

    alike: (table, bytes) =>
      warehouse.query(
        `SELECT ${name('sha256')} AS "sha256", ${name('rows')} AS "rows" FROM ${ledger} WHERE ${name('table')} = ? AND ${name('bytes')} = ?`,
        { parameters: [table, bytes] },
      ),

    async claim(row) {
      // Snowflake has no locks to ask for: there a MERGE keeps every other one waiting.
      if (dialect === 'snowflake') {
        const claimed = await warehouse.execute(
          `MERGE INTO ${ledger} AS known USING (SELECT ${textIn(dialect, row.sha256)} AS sha, ${textIn(dialect, row.table)} AS target) AS given
             ON known.${name('sha256')} = given.sha AND known.${name('table')} = given.target
           WHEN NOT MATCHED THEN INSERT (${name('sha256')}, ${name('table')}) VALUES (given.sha, given.target)`,
        );
        return claimed > 0 ? undefined : ((await find(row.table, row.sha256)) ?? 0);
      }
      if (dialect === 'postgres') await warehouse.execute(`LOCK TABLE ${ledger} IN SHARE ROW EXCLUSIVE MODE`);
      if (dialect === 'redshift') await warehouse.execute(`LOCK TABLE ${ledger}`);
      return find(row.table, row.sha256);
    },

    async write({ rows, ...row }) {
      const [path = '', sha256 = '', bytes = 0, at = '', table = ''] = values(row);
      if (dialect === 'snowflake') {
        await warehouse.execute(
          `UPDATE ${ledger} SET ${name('path')} = ?, ${name('rows')} = ?, ${name('bytes')} = ?, ${name('loaded_at')} = CAST(${quoteText(String(at))} AS ${types.timestamp})
           WHERE ${name('sha256')} = ? AND ${name('table')} = ?`,
          { parameters: [path, rows, bytes, sha256, table] },
        );
        return;
      }
      await warehouse.execute(
        `INSERT INTO ${ledger} (${columns}) VALUES (?, ?, ?, ?, CAST(${quoteText(String(at))} AS ${types.timestamp}), ?)`,
        { parameters: [path, sha256, rows, bytes, table] },
      );
    },
  };
}

/** `2026-11-24 08:00:00.000`, in UTC. */
function timeText(at: Date): string {
  return at.toISOString().slice(0, 23).replace('T', ' ');
}
