import type { FieldDef } from 'pg';
import { loadSdk } from '../sdk.ts';
import type { RowStream } from '../session.ts';
import { distinctNames, oneBatch } from '../session.ts';
import type { Rewritten } from '../sql-scan.ts';
import { firstWords } from '../sql-scan.ts';
import type { Batch, StatementOptions, Table } from '../warehouse.ts';
import { ITEM_OF, OID } from './cells.ts';
import type { PostgresConnection } from './connection.ts';
import type { BinaryColumn, BinaryKind } from './copy-binary.ts';
import { binaryReader } from './copy-binary.ts';
import { inlined } from './inlined.ts';

interface Asked {
  readonly connection: PostgresConnection;
  readonly location: string;
  readonly table: (sql: string, options: StatementOptions) => Promise<Table>;
}

/** Rows of a query by COPY in binary, in constant memory: three times as fast as rows of text, and nothing is parsed. */
export async function copyStream(asked: Asked, sql: string, options: StatementOptions): Promise<RowStream> {
  const { connection, location } = asked;
  if (!/^(?:select|with|values|table)$/.test(firstWords(sql))) return oneBatch(await asked.table(sql, options)); // SHOW, EXPLAIN, INSERT … RETURNING
  const { to } = (await loadSdk('pg-copy-streams', location, () => import('pg-copy-streams'))).default;
  const query = inlined(sql, options.parameters);
  const fields = await describe(connection, query, sql, options);
  const names = fields.map((_, i) => `c${i}`);
  const taken = fields.map(({ dataTypeID }) => taking(dataTypeID));
  const list = taken.map(({ cast }, i) => `${names[i]}${cast}`).join(', ');
  const copy = `COPY (SELECT ${list} FROM (${query.sql}\n) AS q (${names.join(', ')})) TO STDOUT (FORMAT binary)`;
  const labels = distinctNames(fields.map(({ name }) => name));
  const reader = binaryReader(
    taken.map(({ kind, isList }, i): BinaryColumn => ({ name: labels[i] ?? '', kind, isList })),
  );
  const { signal } = options;
  const reading = await connection.read(sql, to(copy), signal);
  const ready: Batch[] = [];
  let ended = false;
  return {
    async next() {
      while (ready.length === 0 && !ended) {
        const part = await reading.next();
        if (part === undefined) {
          ended = true;
          const last = reader.end();
          if (last !== undefined) ready.push(last);
        } else ready.push(...reader.push(part));
      }
      return ready.shift();
    },
    close: async () => {
      if (!ended) await reading.stop();
    },
  };
}

/** Names and types of the columns; the query is planned and not run. */
async function describe(
  connection: PostgresConnection,
  query: Rewritten,
  sql: string,
  { signal }: StatementOptions,
): Promise<readonly FieldDef[]> {
  const head = 'SELECT * FROM (';
  const told = { sql, original: (offset: number) => query.original(offset - head.length) };
  const options = signal === undefined ? {} : { signal };
  return (await connection.run(`${head}${query.sql}\n) AS q LIMIT 0`, options, told)).fields;
}

interface Taking {
  readonly cast: string;
  readonly kind: BinaryKind;
  readonly isList: boolean;
}

function taking(oid: number): Taking {
  const item = ITEM_OF[oid];
  if (item !== undefined) {
    const of = taking(item);
    return { ...of, cast: of.cast === '' ? '' : `${of.cast}[]`, isList: true };
  }
  const as = (kind: BinaryKind, cast = ''): Taking => ({ kind, cast, isList: false });
  switch (oid) {
    case OID.bool:
      return as('boolean');
    case OID.int2:
      return as('int2');
    case OID.int4:
      return as('int4');
    case OID.int8:
      return as('int8');
    case OID.oid:
      return as('int8', '::bigint');
    case OID.float4:
      return as('float4');
    case OID.float8:
      return as('float8');
    case OID.numeric:
      return as('float8', '::double precision');
    case OID.text:
    case OID.varchar:
    case OID.json:
      return as('text');
    default:
      return as('text', '::text');
  }
}
