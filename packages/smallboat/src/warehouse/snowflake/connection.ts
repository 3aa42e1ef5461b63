import type { Bind, Connection, DataType, RowStatement, SnowflakeError } from 'snowflake-sdk';
import { setTimeout as delay } from 'node:timers/promises';
import { openErrors } from '../open-errors.ts';
import { loadSdk } from '../sdk.ts';
import { firstWords } from '../sql-scan.ts';
import { shortSql } from '../sql-text.ts';
import type { Parameter, StatementOptions } from '../warehouse.ts';
import { warehouseErrors } from '../warehouse.ts';
import { AS_TEXT } from './cells.ts';
import { failureOf, isGone, isRefusedLogin, isUnreachable, problemOf } from './failure.ts';
import { reachable } from './reachable.ts';
import type { SnowflakePlace } from './place.ts';

/** A statement that has begun to answer. */
export interface Answer {
  readonly statement: RowStatement;
  /** All rows, as arrays; empty if they are to be streamed. */
  readonly rows: readonly (readonly unknown[])[];
}

/** One session, made again when it was lost. */
export interface SnowflakeConnection {
  run(sql: string, options?: StatementOptions, how?: { readonly stream?: boolean }): Promise<Answer>;
  /** Puts what the SDK says, while rows come in, into our errors. */
  failed(sql: string, cause: unknown): Error;
  close(): Promise<void>;
}

export async function snowflakeConnection(place: SnowflakePlace): Promise<SnowflakeConnection> {
  const { location } = place;
  let connection: Connection | undefined = await connected(place);
  const { account = '', accessUrl } = place.options;
  const isThere = (): Promise<boolean> => reachable(account, accessUrl);
  const patienceSeconds = (await isThere()) ? Math.max(place.waitSeconds, 1) : 0;
  let isOpen = false; // a transaction
  let transactionLost = false;

  const failed = (sql: string, cause: unknown): Error => {
    if (!isGone(cause)) return failureOf({ location, sql }, cause);
    connection = undefined;
    transactionLost ||= isOpen;
    isOpen = false;
    return warehouseErrors.WAREHOUSE_GONE({ location, sql: shortSql(sql), problem: problemOf(cause) }, { cause });
  };

  return {
    failed,

    async run(sql, options = {}, how = {}) {
      const word = firstWords(sql);
      if (transactionLost) {
        if (word === 'rollback' || word === 'commit') transactionLost = false;
        if (word !== 'rollback') throw warehouseErrors.TRANSACTION_LOST({ location, sql: shortSql(sql) });
      }
      connection ??= await connected(place);
      try {
        const answer = await executed({ connection, sql, options, ...how, patienceSeconds, isThere });
        if (word === 'begin' || word === 'start') isOpen = true;
        if (word === 'commit' || word === 'rollback') isOpen = false;
        return answer;
      } catch (cause) {
        options.signal?.throwIfAborted();
        throw failed(sql, cause);
      }
    },

    async close() {
      const open = connection;
      connection = undefined;
      if (open === undefined || !open.isUp()) return;
      await new Promise<void>((resolve) => open.destroy(() => resolve())); // an error here is of a session that is gone
    },
  };
}

interface Asked {
  readonly connection: Connection;
  readonly sql: string;
  readonly options: StatementOptions;
  readonly stream?: boolean;
  /** How long nobody may be there before the statement is given up; 0 for as long as the SDK likes. */
  readonly patienceSeconds?: number;
  readonly isThere?: () => Promise<boolean>;
}

/**
 * The SDK takes callbacks, and goes on asking for hours where nobody answers: so it is looked, while a statement runs,
 * whether somebody still listens there.
 */
function executed({ connection, sql, options, stream, patienceSeconds = 0, isThere }: Asked): Promise<Answer> {
  const { parameters, signal } = options;
  return new Promise<Answer>((resolve, reject) => {
    let goneSince: number | undefined;
    const cancel = (): void => statement.cancel();
    const settle = (finish: () => void): void => {
      clearInterval(watch);
      signal?.removeEventListener('abort', cancel);
      finish();
    };
    const statement = connection.execute({
      sqlText: sql,
      rowMode: 'array',
      fetchAsString: AS_TEXT satisfies DataType[],
      streamResult: stream ?? false,
      ...(parameters === undefined ? {} : { binds: parameters.map(bound) }),
      complete: (error: SnowflakeError | undefined, answered, rows) =>
        settle(() => (error ? reject(error) : resolve({ statement: answered, rows: (rows ?? []) as unknown[][] }))),
    });
    signal?.addEventListener('abort', cancel, { once: true });
    const look = async (): Promise<void> => {
      if (isThere === undefined || patienceSeconds === 0) return;
      goneSince = (await isThere()) ? undefined : (goneSince ?? Date.now());
      if (goneSince === undefined || Date.now() - goneSince < patienceSeconds * 1000) return;
      const error = Object.assign(new Error('nobody answers any more'), { code: '401001' });
      settle(() => reject(error));
    };
    // Also keeps the process alive, which would end without a word where the SDK has dropped the callback.
    const watch = setInterval(() => {
      if (signal?.aborted === true) cancel(); // again: a request that came too early is lost
      void look();
    }, 1000);
  });
}

function bound(value: Parameter): Bind {
  return typeof value === 'bigint' ? String(value) : value;
}

async function connected(place: SnowflakePlace): Promise<Connection> {
  const { location, options, settings, waitSeconds } = place;
  const { default: snowflake } = await loadSdk('snowflake-sdk', location, () => import('snowflake-sdk'));
  // Its log has the text of statements, and of tokens that it does not know for such.
  snowflake.configure({ logLevel: 'OFF', additionalLogToConsole: false });
  const start = Date.now();
  for (let pause = 250; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const connection = snowflake.createConnection(options);
      await connection.connectAsync();
      for (const sql of settings) await executed({ connection, sql, options: {} });
      return connection;
    } catch (cause) {
      const facts = { location, problem: problemOf(cause) };
      if (isRefusedLogin(cause)) {
        const secret = 'SNOWFLAKE_PASSWORD, SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_TOKEN';
        throw openErrors.WAREHOUSE_LOGIN_REFUSED({ ...facts, secret }, { cause });
      }
      if (!isUnreachable(cause) || Date.now() - start + pause > waitSeconds * 1000) {
        throw openErrors.WAREHOUSE_UNREACHABLE(facts, { cause });
      }
    }
    await delay(pause);
  }
}
