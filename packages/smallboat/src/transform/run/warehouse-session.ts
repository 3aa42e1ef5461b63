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

/** One connection, with at most one transaction open on it. Closing it undoes what was not committed. */
export class WarehouseSession implements Session, AsyncDisposable {
  private readonly warehouse: Warehouse;
  private readonly adapter: AdapterDescription;
  private readonly options: SessionOptions;
  private isOpen = false;
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
    const { signal, onStatement } = this.options;
    const text = this.withComment(sql);
    onStatement?.(text);
    this.lastStatement = text;
    const given = signal === undefined ? {} : { signal };
    const ends = /^\s*(?:\/\*[^]*?\*\/\s*)*(commit|rollback|end)\b/i.exec(sql)?.[1];
    if (ends !== undefined && !this.isOpen) return this.answer('', undefined, { columns: [], rows: [] });
    if (isRead) {
      const table = await this.warehouse.table(text, given);
      return this.answer(sql, undefined, table);
    }
    const rows = await this.warehouse.execute(text, given);
    if (/\b(create\s+(or\s+replace\s+)?(temp(orary)?\s+)?table|insert\s+into|merge\s+into|copy)\b/i.test(sql))
      this.rowsWritten = rows;
    if (ends !== undefined) this.isOpen = false;
    else if (/^\s*(begin|start\s+transaction)\b/i.test(sql)) this.isOpen = true;
    return this.answer(sql, rows, { columns: [], rows: [] });
  }

  private answer(sql: string, rows: number | undefined, table: Answer['table']): Answer {
    const verb = this.adapter.okMessage(sql);
    const rowsAffected = this.adapter.reportsRows ? rows : undefined;
    return {
      table,
      message: rowsAffected === undefined || verb === 'OK' ? verb : `${verb} ${rowsAffected}`,
      code: verb,
      rowsAffected,
    };
  }

  private withComment(sql: string): string {
    const { comment } = this.options;
    return comment === undefined || comment === '' ? sql : `/* ${comment} */\n${sql}`;
  }

  async begin(): Promise<void> {
    if (this.isOpen) return;
    await this.warehouse.execute('BEGIN');
    this.isOpen = true;
  }

  async commit(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.warehouse.execute('COMMIT');
  }

  async rollback(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.warehouse.execute('ROLLBACK');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.warehouse[Symbol.asyncDispose]();
  }
}
