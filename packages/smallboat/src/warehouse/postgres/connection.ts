import type { Client, ClientConfig, QueryArrayResult, Submittable } from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { openErrors } from '../open-errors.ts';
import { loadSdk } from '../sdk.ts';
import type { Rewritten } from '../sql-scan.ts';
import { firstWords, rewritePlaceholders } from '../sql-scan.ts';
import { shortSql } from '../sql-text.ts';
import type { Parameter, StatementOptions } from '../warehouse.ts';
import { warehouseErrors } from '../warehouse.ts';
import { parserOf } from './cells.ts';
import { failureOf, isGone, isRefusedLogin, isStarting, problemOf } from './failure.ts';

/** How a server of PostgreSQL's kind is reached; it has the password. */
export interface PostgresPlace {
  /** For messages: without the password. */
  readonly location: string;
  readonly config: ClientConfig;
  /** TLS first, and without where the server has none. */
  readonly preferTls: boolean;
  /** Statements of each new session, in order. */
  readonly settings: readonly string[];
  /** What no error may show. */
  readonly secrets: readonly string[];
  /** The environment variable that a password comes from, for messages. */
  readonly secret: string;
  /** How long to go on trying while the server is starting, or was lost. */
  readonly waitSeconds: number;
}

/** What an error names in place of the text that was sent, and how to find places of that in it. */
interface Told {
  readonly sql: string;
  readonly original: Rewritten['original'];
}

/** Bytes that come in. */
export interface Reading {
  /** Undefined at the end. */
  next(): Promise<Buffer | undefined>;
  /** Ends it before its end. */
  stop(): Promise<void>;
}

/** One connection, made again when it was lost. */
export interface PostgresConnection {
  /** Runs a statement; cells come as the port says. Of several in one text the last one's result. */
  run(sql: string, options?: StatementOptions, told?: Told): Promise<QueryArrayResult>;
  /** Runs a COPY: `feed` moves the bytes. */
  copy<S extends Submittable>(
    sql: string,
    query: S,
    feed: (query: S) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Begins a COPY to here. */
  read(sql: string, query: Submittable & AsyncIterable<Buffer>, signal?: AbortSignal): Promise<Reading>;
  /** Whether a transaction is open. */
  inTransaction(): boolean;
  close(): Promise<void>;
}

export async function postgresConnection(place: PostgresPlace): Promise<PostgresConnection> {
  const { location } = place;
  let client: Client | undefined = await connected(place);
  /** Set when the connection ended by itself. */
  let lost: Error | undefined;
  let transactionLost = false;
  watch(client);

  function watch(made: Client): void {
    made.on('error', (error) => {
      if (client === made) lost ??= error;
    });
    made.on('end', () => {
      if (client === made) lost ??= new Error('the connection ended');
    });
  }

  function forget(): void {
    const status = client?.getTransactionStatus();
    transactionLost ||= status === 'T' || status === 'E';
    client?.end().catch(() => undefined); // it is gone already
    client = undefined;
    lost = undefined;
  }

  async function ready(sql: string): Promise<Client> {
    if (lost !== undefined) forget();
    if (transactionLost) {
      const word = firstWords(sql);
      if (word === 'rollback' || word === 'abort' || word === 'commit' || word === 'end') transactionLost = false;
      if (word !== 'rollback' && word !== 'abort')
        throw warehouseErrors.TRANSACTION_LOST({ location, sql: shortSql(sql) });
    }
    if (client === undefined) {
      client = await connected(place);
      watch(client);
    }
    return client;
  }

  /** Runs a piece of work under its signal, and puts what the server says into our errors. */
  async function watched<T>(
    { sql, original }: Partial<Told> & Pick<Told, 'sql'>,
    signal: AbortSignal | undefined,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const at = await ready(sql);
    const stopping: Promise<void>[] = [];
    const stop = (): void => void stopping.push(cancel(place, at));
    let again: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      stop();
      // A request that comes before the statement has begun is lost: it is made again until it ends.
      again = setInterval(stop, 500);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await work(at);
    } catch (cause) {
      signal?.throwIfAborted();
      if (lost !== undefined || isGone(cause)) {
        forget();
        throw warehouseErrors.WAREHOUSE_GONE({ location, sql: shortSql(sql), problem: problemOf(cause) }, { cause });
      }
      throw failureOf({ location, sql, ...(original === undefined ? {} : { original }) }, cause);
    } finally {
      clearInterval(again);
      signal?.removeEventListener('abort', onAbort);
      await Promise.all(stopping); // or a late one would stop the next statement
    }
  }

  return {
    run(sql, { parameters, signal } = {}, told = { sql, original: (offset) => offset }) {
      const types = { getTypeParser: (oid: number) => parserOf(oid) };
      if (parameters === undefined) {
        return watched(told, signal, async (at) => lastOf(await at.query({ text: sql, rowMode: 'array', types })));
      }
      const rewritten = rewritePlaceholders(sql, (i) => `$${i + 1}${castOf(parameters[i])}`);
      const values = parameters.map((value) => (value === null ? null : String(value)));
      const query = { text: rewritten.sql, values, rowMode: 'array' as const, types };
      return watched({ sql, original: rewritten.original }, signal, (at) => at.query(query));
    },

    async copy(sql, query, feed, signal) {
      await watched({ sql }, signal, (at) => feed(at.query(query)));
    },

    async read(sql, query, signal) {
      const parts = await watched({ sql }, signal, async (at) => at.query(query)[Symbol.asyncIterator]());
      return {
        next: () =>
          watched({ sql }, signal, async () => {
            const { done, value } = await parts.next();
            return done === true ? undefined : value;
          }),
        async stop() {
          if (client === undefined || lost !== undefined) return;
          await cancel(place, client);
          try {
            for (let part = await parts.next(); part.done !== true; part = await parts.next());
          } catch (error) {
            if (!(error instanceof Error)) throw error; // the end that we asked for
          }
        },
      };
    },

    inTransaction: () => transactionLost || (client?.getTransactionStatus() ?? 'I') !== 'I',

    async close() {
      const open = client;
      client = undefined;
      if (lost === undefined) await open?.end();
    },
  };
}

/** The type says one result; several statements in one text give a list. */
function lastOf(result: QueryArrayResult | readonly QueryArrayResult[]): QueryArrayResult {
  if (!('rows' in result)) {
    const last = result.at(-1);
    if (last !== undefined) return last;
    throw new TypeError('a list of results is empty');
  }
  return result;
}

/** Without a type a parameter in a SELECT list would be text. */
function castOf(value: Parameter | undefined): string {
  if (typeof value === 'boolean') return '::boolean';
  if (typeof value === 'bigint') return value === BigInt.asIntN(64, value) ? '::bigint' : '::numeric';
  if (typeof value !== 'number') return '';
  if (!Number.isInteger(value) || Math.abs(value) >= 2 ** 63) return '::double precision';
  return Math.abs(value) < 2 ** 31 ? '::integer' : '::bigint';
}

async function connected(place: PostgresPlace): Promise<Client> {
  const { location, waitSeconds } = place;
  const start = Date.now();
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    try {
      return await connectOnce(place);
    } catch (cause) {
      if (isRefusedLogin(cause)) {
        const { secret } = place;
        throw openErrors.WAREHOUSE_LOGIN_REFUSED({ location, problem: problemOf(cause), secret }, { cause });
      }
      if (!isStarting(cause) || Date.now() - start + pause > waitSeconds * 1000) {
        throw openErrors.WAREHOUSE_UNREACHABLE({ location, problem: problemOf(cause) }, { cause });
      }
    }
    await delay(pause);
  }
}

async function connectOnce(place: PostgresPlace): Promise<Client> {
  const pg = await loadSdk('pg', place.location, () => import('pg'));
  const attempt = async (config: ClientConfig): Promise<Client> => {
    const client = new pg.default.Client(config);
    client.on('error', () => undefined); // the call that is under way tells of it
    await client.connect();
    try {
      for (const setting of place.settings) await client.query(setting);
    } catch (error) {
      await client.end();
      throw error;
    }
    return client;
  };
  try {
    return await attempt(place.config);
  } catch (error) {
    const hasNone = error instanceof Error && error.message === 'The server does not support SSL connections';
    if (!place.preferTls || !hasNone) throw error;
    return attempt({ ...place.config, ssl: false });
  }
}

/** Asks the server, over a connection of its own, to stop what `busy` runs. */
async function cancel(place: PostgresPlace, busy: Client): Promise<void> {
  const { processID } = busy as unknown as { readonly processID?: number | null }; // not in the types
  if (processID === undefined || processID === null) return;
  try {
    const client = await connectOnce(place);
    await client.query('SELECT pg_cancel_backend($1)', [processID]);
    await client.end();
  } catch (error) {
    if (!(error instanceof Error)) throw error; // the statement then goes on; the next request may get through
  }
}
