import { splitStatements } from '../../warehouse/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import type { AdapterDescription } from '../adapter/adapter.ts';
import type { Answer, AskOptions, Session } from '../adapter/session.ts';

export interface SessionOptions {
  readonly signal?: AbortSignal | undefined;
  /** Put in front of each statement; dbt's query comment. */
  readonly comment?: string | undefined;
  /** Told of each statement, for the log. */
  readonly onStatement?: (sql: string) => void;
}

const NO_ROWS: Answer['table'] = { columns: [], rows: [] };

/** One connection, with at most one transaction open on it. Closing it undoes what was not committed. */
export class WarehouseSession implements Session, AsyncDisposable {
  private readonly warehouse: Warehouse;
  private readonly adapter: AdapterDescription;
  private readonly options: SessionOptions;
  private isOpen = false;
  /** Whether the transaction that a driver begins by itself was begun since the node began, or since a rollback. */
  private hasBegun = false;
  private hasTemporary = false;
  /** Rows that the last statement which writes rows wrote; undefined where none did. */
  rowsWritten: number | undefined;
  /** The last statement that was sent. */
  lastStatement: string | undefined;

  constructor(warehouse: Warehouse, adapter: AdapterDescription, options: SessionOptions) {
    this.warehouse = warehouse;
    this.adapter = adapter;
    this.options = options;
  }

  get hasTransaction(): boolean {
    return this.isOpen;
  }

  async ask(sql: string, { isInTransaction = false, isRead = false }: AskOptions = {}): Promise<Answer> {
    if (isInTransaction) await this.begin();
    // Where several statements stand in one text the last one's answer counts.
    const parts = sql.includes(';') ? splitStatements(sql) : [sql];
    let answer = this.answer('', undefined, NO_ROWS);
    for (const [i, part] of parts.entries()) {
      const isLast = i === parts.length - 1;
      answer = await this.one(part, isRead && isLast);
    }
    return answer;
  }

  private async one(sql: string, isRead: boolean): Promise<Answer> {
    const { signal, onStatement } = this.options;
    const text = this.withComment(sql);
    const given = signal === undefined ? {} : { signal };
    const ends = /^\s*(?:\/\*[^]*?\*\/\s*)*(commit|rollback|end)\b/i.exec(sql)?.[1];
    if (ends !== undefined && !this.isOpen) return this.answer(sql, undefined, NO_ROWS);
    const begins = /^\s*(?:\/\*[^]*?\*\/\s*)*(begin|start\s+transaction)\b/i.test(sql);
    if (begins && this.isOpen) return this.answer(sql, undefined, NO_ROWS);
    if (this.adapter.transactions === 'implicit' && !this.hasBegun && ends === undefined && !begins) await this.begin();
    onStatement?.(text);
    this.lastStatement = text;
    if (isRead) {
      const table = await this.warehouse.table(text, given);
      return this.answer(sql, table.rows.length, table);
    }
    const rows = await this.warehouse.execute(text, given);
    if (/\b(create\s+(or\s+replace\s+)?(temp(orary)?\s+)?table|insert\s+into|merge\s+into|copy)\b/i.test(sql))
      this.rowsWritten = rows;
    if (/\bcreate\s+temp(orary)?\b/i.test(sql)) this.hasTemporary = true;
    if (ends !== undefined) this.isOpen = false;
    else if (begins) this.isOpen = true;
    return this.answer(sql, rows, NO_ROWS);
  }

  private answer(sql: string, rows: number | undefined, table: Answer['table']): Answer {
    return { table, ...this.adapter.responseOf(sql, rows) };
  }

  private withComment(sql: string): string {
    const { comment } = this.options;
    return comment === undefined || comment === '' ? sql : `/* ${comment} */\n${sql}`;
  }

  async begin(): Promise<void> {
    if (this.adapter.transactions === 'none') return;
    if (this.isOpen || (this.adapter.transactions === 'implicit' && this.hasBegun)) return;
    await this.warehouse.execute('BEGIN');
    this.isOpen = true;
    this.hasBegun = true;
  }

  async commit(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.warehouse.execute('COMMIT');
  }

  async rollback(): Promise<void> {
    this.hasBegun = false;
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.warehouse.execute('ROLLBACK');
  }

  /** Ends what a node left open, as dbt does by closing its connection: nothing is committed that it did not commit. */
  async release(): Promise<void> {
    await this.rollback();
    if (!this.hasTemporary || this.adapter.discardsTemporary === undefined) return;
    this.hasTemporary = false;
    await this.warehouse.execute(this.adapter.discardsTemporary);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warehouse[Symbol.asyncDispose]();
  }
}
