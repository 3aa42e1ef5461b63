import type { Table } from '../../warehouse/index.ts';

/** What the warehouse said to a statement. */
export interface Answer {
  readonly table: Table;
  /** `OK`, `INSERT 3`: dbt's `_message`. */
  readonly message: string;
  readonly code: string;
  /** Undefined where the warehouse does not say. */
  readonly rowsAffected: number | undefined;
}

export interface AskOptions {
  /** Begin a transaction if none is open: dbt does for all that a materialization runs. */
  readonly isInTransaction?: boolean;
  /** The rows are wanted. */
  readonly isRead?: boolean;
}

/** The connection of one thread, with the transaction that may be open on it. */
export interface Session {
  readonly hasTransaction: boolean;
  ask(sql: string, options?: AskOptions): Promise<Answer>;
  begin(): Promise<void>;
  /** Ends the transaction, if one is open. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}
