import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { PostgresServer } from './postgres.ts';

/**
 * What of Redshift PostgreSQL lacks, for a database: the type SUPER, JSON_PARSE, and the views of its catalogue that are
 * asked (Database Developer Guide, SVV views), with the columns that it documents.
 */
export const REDSHIFT_CATALOGUE = `
CREATE DOMAIN super AS jsonb;
CREATE FUNCTION json_parse(text) RETURNS super LANGUAGE sql IMMUTABLE AS 'SELECT $1::jsonb::super';
CREATE VIEW pg_catalog_columns AS SELECT current_database()::text AS database_name, table_schema::text AS schema_name, table_name::text, column_name::text,
  ordinal_position::int, CASE WHEN domain_name = 'super' THEN 'super' ELSE data_type END::text AS data_type, character_maximum_length::int,
  numeric_precision::int, numeric_scale::int FROM information_schema.columns;
CREATE VIEW pg_catalog_tables AS SELECT current_database()::text AS database_name, table_schema::text AS schema_name, table_name::text,
  CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END::text AS table_type FROM information_schema.tables
  WHERE table_name NOT IN ('pg_catalog_columns', 'pg_catalog_tables', 'svv_all_columns', 'svv_all_tables', 'svv_mv_info');
CREATE VIEW svv_all_columns AS SELECT * FROM pg_catalog_columns;
CREATE VIEW svv_all_tables AS SELECT * FROM pg_catalog_tables;
CREATE VIEW svv_mv_info AS SELECT current_database()::char(128) AS database_name, schemaname::char(128) AS schema_name, matviewname::char(128) AS name FROM pg_matviews;
`;

/** What Redshift has not, and PostgreSQL has: a statement with one of these is refused, as Redshift would. */
const LACKING =
  /\bON\s+CONFLICT\b|\bRETURNING\b|\bto_regclass\b|\bjsonb?\b|\bARRAY\s*\[|\bCREATE\s+INDEX\b|::\s*text\s*\[\]|\bTO\s+STDOUT\b|\bFROM\s+STDIN\b/i;

/** The whole form of COPY that we send; anything else is refused. */
const COPY =
  /^\s*COPY\s+(?<into>\S+(?:\s*\.\s*\S+)?)\s*\((?<columns>[^)]*)\)\s+FROM\s+'(?<url>s3:\/\/[^']+)'\s+IAM_ROLE\s+(?:DEFAULT|'arn:aws:iam::\d+:role\/[^']+')\s+FORMAT\s+AS\s+CSV\s+GZIP\s+NULL\s+AS\s+'(?<missing>[^']*)'\s+TIMEFORMAT\s+'auto'\s+DATEFORMAT\s+'auto'(?:\s+REGION\s+'[a-z0-9-]+')?\s*;?\s*$/i;

export interface FakeRedshift extends AsyncDisposable {
  readonly port: number;
  /** Statements as they came, in order. */
  readonly statements: readonly string[];
}

/**
 * A stand-in for Redshift: it speaks to PostgreSQL, takes Redshift's own clauses out of CREATE TABLE, refuses what Redshift has not, and carries
 * out COPY from S3 itself, over the environment's S3. What it cannot show is how Redshift runs a statement; what it shows is that only
 * SQL goes there which is written in Redshift's manual, and that its answers are understood.
 */
export async function startFakeRedshift(behind: PostgresServer): Promise<FakeRedshift> {
  const statements: string[] = [];
  const server = createServer((client) => void serve(client, behind, statements));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    statements,
    async [Symbol.asyncDispose]() {
      server.close();
      server.unref();
    },
  };
}

async function serve(client: Socket, behind: PostgresServer, statements: string[]): Promise<void> {
  const upstream = connect(behind.port, behind.host);
  let hasStarted = false;
  let copied = 0;
  let copying: Buffer | undefined;
  const fail = (): void => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.setNoDelay(true).on('error', fail).on('close', fail);
  const work = { last: Promise.resolve() };
  onMessages(
    client,
    () => hasStarted,
    (type, body, raw) => {
      work.last = work.last
        .then(async () => {
          if (!hasStarted) {
            if (body.readInt32BE(0) === 80_877_103) {
              client.write('N'); // no TLS here
              return;
            }
            hasStarted = true;
            upstream.write(raw);
            return;
          }
          if (type !== 'Q' && type !== 'P') {
            upstream.write(raw);
            return;
          }
          const name = type === 'P' ? body.subarray(0, body.indexOf(0) + 1) : Buffer.alloc(0);
          const from = name.length;
          const to = body.indexOf(0, from);
          const sql = body.toString('utf8', from, to);
          statements.push(sql);
          const copy = COPY.exec(sql)?.groups;
          if (copy !== undefined) copying = await fetched(copy['url'] ?? '');
          const sent =
            copy === undefined
              ? translated(sql, copied)
              : `COPY ${copy['into']} (${copy['columns']}) FROM STDIN (FORMAT csv, NULL '${copy['missing']}')`;
          upstream.write(message(type, Buffer.concat([name, Buffer.from(`${sent}\0`), body.subarray(to + 1)])));
        })
        .catch(fail);
    },
  );
  onMessages(
    upstream,
    () => true,
    (type, body, raw) => {
      if (type === 'G' && copying !== undefined) {
        upstream.write(Buffer.concat([message('d', copying), message('c', Buffer.alloc(0))]));
        copying = undefined;
        return;
      }
      const tag = type === 'C' ? /^COPY (\d+)/.exec(body.toString('utf8'))?.[1] : undefined;
      if (tag !== undefined) copied = Number(tag);
      client.write(raw);
    },
  );
}

function translated(sql: string, copied: number): string {
  if (/^\s*SELECT pg_last_copy_count\(\)\s*$/i.test(sql)) return `SELECT ${copied}::bigint AS pg_last_copy_count`;
  if (LACKING.test(sql) || /^\s*COPY\b/i.test(sql))
    return `SELECT "Redshift does not take: ${sql.replaceAll('"', '').slice(0, 40)}"`;
  if (!/^\s*CREATE\s+TABLE/i.test(sql)) return sql;
  return sql
    .replaceAll(/\bDISTSTYLE\s+(?:EVEN|ALL|KEY|AUTO)\b/gi, '')
    .replaceAll(/\bDISTKEY\s*\([^)]*\)/gi, '')
    .replaceAll(/\b(?:COMPOUND\s+|INTERLEAVED\s+)?SORTKEY\s*(?:\([^)]*\)|AUTO)/gi, '');
}

/** All objects under a prefix, unpacked and one after another. */
async function fetched(url: string): Promise<Buffer> {
  const [, Bucket = '', Prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(url) ?? [];
  const client = new S3Client({ forcePathStyle: true });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const parts: Buffer[] = [];
  for (const { Key = '' } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    parts.push(gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()));
  }
  return Buffer.concat(parts);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Cuts a stream into the protocol's messages; those before the start have no type. */
function onMessages(
  socket: Socket,
  hasType: () => boolean,
  take: (type: string, body: Buffer, raw: Buffer) => void,
): void {
  let rest = Buffer.alloc(0);
  let isTyped = hasType();
  socket.on('data', (part: Buffer) => {
    rest = Buffer.concat([rest, part]);
    for (;;) {
      const head = isTyped ? 1 : 0;
      if (rest.length < head + 4) return;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return;
      const raw = rest.subarray(0, end);
      rest = rest.subarray(end);
      const body = raw.subarray(head + 4);
      const isTlsRequest = !isTyped && body.readInt32BE(0) === 80_877_103;
      take(isTyped ? raw.toString('latin1', 0, 1) : '', body, raw);
      isTyped ||= !isTlsRequest;
    }
  });
}
