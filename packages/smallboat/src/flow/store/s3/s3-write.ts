import { mapAtMost } from '../../../kernel/index.ts';
import type { Attributes, Content, FileFacts } from '../datastore.ts';
import type { S3 } from './s3-client.ts';
import { isConflict, isGone } from './s3-errors.ts';
import { ATTRIBUTES } from './s3-read.ts';

/** Bytes from which an object is sent in parts, and of a part at least. */
const PART = 16 << 20;
/** The most parts that S3 takes. */
const MOST_PARTS = 10_000;
/** Parts on their way at once. */
const WIDTH = 8;

export interface PutObject {
  readonly attributes?: Attributes;
  readonly encryption?: string;
  readonly contentType?: string;
  /** Write only if there is no such object, or only in place of that one. */
  readonly unless?: 'there' | { readonly not: string };
}

/** Writes an object, large ones in parts. Gives its tag; undefined where the condition did not hold. */
export async function putObject(
  s3: S3,
  path: string,
  content: Content,
  options: PutObject = {},
): Promise<string | undefined> {
  const pieces = typeof content === 'string' ? [Buffer.from(content)] : content;
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const kept = keptOf(s3, path, options);
  const { unless } = options;
  const condition = conditionOf(options);
  return s3.ask(path, async ({ sdk, client }) => {
    try {
      if (size >= PART) return await putInParts(s3, { kept, condition, pieces, size });
      const made = await client.send(new sdk.PutObjectCommand({ ...kept, ...condition, Body: whole(pieces) }));
      return made.ETag ?? '';
    } catch (error) {
      // An object that was to be replaced and is gone is a conflict too.
      if (unless !== undefined && (isConflict(error) || isGone(error))) return undefined;
      throw error;
    }
  });
}

/** What a new object says of itself. */
function keptOf(s3: S3, path: string, { attributes, encryption, contentType }: PutObject): Kept {
  return {
    ...s3.object(path),
    ...(attributes ? { Metadata: { [ATTRIBUTES]: asciiJson(attributes) } } : {}),
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    // What S3 knows; it says itself what it does not.
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption as 'AES256' }),
  };
}

/** JSON that a header takes, as Python writes it: what is not ASCII is escaped. */
function asciiJson(value: Attributes): string {
  const escape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escape);
}

function conditionOf({ unless }: PutObject): Condition {
  return unless === 'there' ? { IfNoneMatch: '*' } : unless === undefined ? {} : { IfMatch: unless.not };
}

interface Kept extends ReturnType<S3['object']> {
  readonly ServerSideEncryption?: 'AES256';
}
interface Condition {
  readonly IfNoneMatch?: string;
  readonly IfMatch?: string;
}
interface Parts {
  readonly kept: Kept;
  readonly condition: Condition;
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

async function putInParts(s3: S3, { kept, condition, pieces, size }: Parts): Promise<string> {
  const length = Math.max(PART, Math.ceil(size / MOST_PARTS));
  const froms = Array.from({ length: Math.ceil(size / length) }, (_, i) => i * length);
  return upload(s3, { kept, condition }, (send) =>
    mapAtMost(froms, WIDTH, (from, i) => send(slice(pieces, from, Math.min(from + length, size)), i + 1)),
  );
}

/** Writes an object of bytes as they come, in parts if there are many. Gives its tag; undefined where the condition did not hold. */
export async function putStream(
  s3: S3,
  path: string,
  content: AsyncIterable<Uint8Array>,
  options: PutObject = {},
): Promise<string | undefined> {
  const parts = partsOf(content);
  const first = await parts.next();
  const start = first.done ? new Uint8Array(0) : first.value;
  if (start.length < PART) return putObject(s3, path, [start], options);
  const { unless } = options;
  return s3.ask(path, async () => {
    try {
      return await upload(s3, { kept: keptOf(s3, path, options), condition: conditionOf(options) }, async (send) => {
        const sent: Part[] = [await send(start, 1)];
        let number = 1;
        // Each takes the next when it has sent the one before: so many are in memory.
        const sender = async (): Promise<void> => {
          for (let next = await parts.next(); !next.done; next = await parts.next()) {
            number += 1;
            sent.push(await send(next.value, number));
          }
        };
        await Promise.all(Array.from({ length: STREAMED }, sender));
        return sent.sort((a, b) => a.PartNumber - b.PartNumber);
      });
    } catch (error) {
      if (unless !== undefined && (isConflict(error) || isGone(error))) return undefined;
      throw error;
    } finally {
      await parts.return(undefined);
    }
  });
}

/** Parts of a stream on their way at once. */
const STREAMED = 4;

/** Bytes as they come, in parts: larger ones the more there have been, so that there are never too many. */
async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  let length = PART;
  for await (const piece of content) {
    pieces.push(piece);
    size += piece.length;
    if (size < length) continue;
    yield Buffer.concat(pieces);
    length = Math.ceil(length * 1.0005);
    [pieces, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(pieces);
  return undefined;
}

interface Part {
  readonly ETag: string;
  readonly PartNumber: number;
}

/** An upload of several parts, from its beginning to its end. */
async function upload(
  { sdk, client }: S3,
  { kept, condition }: { readonly kept: Kept; readonly condition: Condition },
  sendAll: (send: (Body: Uint8Array, PartNumber: number) => Promise<Part>) => Promise<readonly Part[]>,
): Promise<string> {
  const { Bucket, Key } = kept;
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(kept));
  const begun = { Bucket, Key, UploadId };
  try {
    const parts = await sendAll(async (Body, PartNumber) => {
      const { ETag = '' } = await client.send(new sdk.UploadPartCommand({ ...begun, PartNumber, Body }));
      return { ETag, PartNumber };
    });
    const made = await client.send(
      new sdk.CompleteMultipartUploadCommand({ ...begun, ...condition, MultipartUpload: { Parts: [...parts] } }),
    );
    return made.ETag ?? '';
  } catch (error) {
    // Parts that nobody completes are paid for. What went wrong first is what is told.
    await client.send(new sdk.AbortMultipartUploadCommand(begun)).catch(() => undefined);
    throw error;
  }
}

function whole(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return only && pieces.length === 1 ? only : Buffer.concat(pieces);
}

/** The bytes from one place to another, without a copy where one piece holds them. */
function slice(pieces: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (const piece of pieces) {
    const end = start + piece.length;
    if (start < to && end > from)
      parts.push(piece.subarray(Math.max(0, from - start), Math.min(piece.length, to - start)));
    start = end;
  }
  return whole(parts);
}

/** The most that one request copies. */
const MOST_COPIED = 5 * 2 ** 30;

/** Writes an object anew as it is, within S3: its age begins again. False where it is gone, or too large for that. */
export async function copyOnto(
  s3: S3,
  path: string,
  { facts, encryption }: { readonly facts: FileFacts; readonly encryption?: string },
): Promise<boolean> {
  if (facts.bytes > MOST_COPIED) return false;
  const { Bucket, Key } = s3.object(path);
  return s3.ask(path, async ({ sdk, client }) => {
    try {
      await client.send(
        new sdk.CopyObjectCommand({
          Bucket,
          Key,
          CopySource: `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`,
          // Without something new S3 refuses to copy an object onto itself.
          MetadataDirective: 'REPLACE',
          Metadata: facts.attributes ? { [ATTRIBUTES]: JSON.stringify(facts.attributes) } : {},
          ...(encryption === undefined ? {} : { ServerSideEncryption: encryption as 'AES256' }),
        }),
      );
      return true;
    } catch (error) {
      if (!isGone(error)) throw error;
      return false;
    }
  });
}
