import { hideSecrets } from './hide-secrets.ts';
import { shortSql } from './sql-text.ts';
import type {
  Batch,
  Cell,
  ColumnType,
  CsvFiles,
  Dialect,
  Relation,
  Row,
  StatementOptions,
  Table,
  Warehouse,
} from './warehouse.ts';
import { batchOf } from './vectors.ts';
import { warehouseErrors } from './warehouse.ts';

/** Rows that are being read. */
export interface RowStream {
  /** The next rows; undefined after the last. */
  next(): Promise<Batch | undefined>;
  /** Ends it, wherever it is; the connection takes statements again then. */
  close(): Promise<void>;
}

/** What an adapter does; `warehouseOf` puts the calls in order and refuses those that come at a wrong time. */
export interface Session {
  readonly dialect: Dialect;
  readonly location: string;
  /** What no error may show. */
  readonly secrets?: readonly string[];
  execute(sql: string, options: StatementOptions): Promise<number>;
  table(sql: string, options: StatementOptions): Promise<Table>;
  stream(sql: string, options: StatementOptions): Promise<RowStream>;
  load(relation: string, files: CsvFiles): Promise<number>;
  columns(relation: string): Promise<readonly ColumnType[]>;
  relations(within: { readonly database?: string; readonly schema?: string }): Promise<readonly Relation[]>;
  /** Called when no statement runs and none will. */
  close(): Promise<void>;
  /** Opens another session in the same place. */
  again(): Promise<Session>;
}

/** The port over a session: one statement at a time in the order of the calls, a stream alone, nothing after the end. */
export function warehouseOf(session: Session): Warehouse {
  const { dialect, location, secrets = [] } = session;
  let last: Promise<unknown> = Promise.resolve();
  let streaming: string | undefined;
  let closed: Promise<void> | undefined;

  /** Waits for its turn, then runs; the order is that of the calls. */
  const inTurn = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    if (streaming !== undefined) throw warehouseErrors.STREAM_OPEN({ location, sql: shortSql(streaming) });
    if (closed !== undefined) throw warehouseErrors.WAREHOUSE_CLOSED({ location, sql: shortSql(sql) });
    const turn = last.then(() => told(work));
    last = turn.catch(() => undefined); // its caller hears of it
    return turn;
  };
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw hideSecrets(error, secrets);
    }
  };
  const table = (sql: string, options: StatementOptions = {}): Promise<Table> =>
    inTurn(sql, () => underSignal(options, () => session.table(sql, options)));

  return {
    dialect,
    location,
    table,

    execute: (sql, options = {}) => inTurn(sql, () => underSignal(options, () => session.execute(sql, options))),

    query: async <R extends Row>(sql: string, options: StatementOptions = {}) =>
      rowsOf(await table(sql, options)) as unknown as readonly R[], // the caller names the columns

    async *stream(sql, options = {}) {
      const rows = await inTurn(sql, async () => {
        const started = await underSignal(options, () => session.stream(sql, options));
        streaming = sql;
        return started;
      });
      try {
        const next = (): Promise<Batch | undefined> => told(() => rows.next());
        for (let batch = await next(); batch !== undefined; batch = await next()) yield batch;
      } finally {
        await rows.close().finally(() => (streaming = undefined));
      }
    },

    load: (relation, files) =>
      inTurn(`load ${relation}`, () => underSignal(files, () => session.load(relation, files))),

    columns: (relation) => inTurn(relation, () => session.columns(relation)),

    relations: (within = {}) => inTurn('relations', () => session.relations(within)),

    async connect() {
      if (closed !== undefined) throw warehouseErrors.WAREHOUSE_CLOSED({ location, sql: 'connect' });
      return warehouseOf(await session.again());
    },

    [Symbol.asyncDispose]() {
      closed ??= last.then(() => session.close());
      return closed;
    },
  };
}

async function underSignal<T>({ signal }: { readonly signal?: AbortSignal }, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  return work();
}

function rowsOf({ columns, rows }: Table): readonly Row[] {
  return rows.map((cells) => {
    const row: Record<string, Cell> = {};
    for (const [i, { name }] of columns.entries()) row[name] = cells[i] ?? null;
    return row;
  });
}

/** Names of columns, each once: the second `x` is `x:1`, as DuckDB has it. */
export function distinctNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = seen.get(name) ?? 0;
    seen.set(name, times + 1);
    if (times === 0) return name;
    let number = times;
    while (taken.has(`${name}:${number}`)) number++;
    taken.add(`${name}:${number}`);
    return `${name}:${number}`;
  });
}

/** A result that is there already, as a stream of one batch: for statements that cannot be streamed. */
export function oneBatch(table: Table): RowStream {
  let batch: Batch | undefined = batchOf(table);
  return {
    next: async () => {
      const given = batch;
      batch = undefined;
      return given;
    },
    close: async () => undefined,
  };
}
