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
  /** Write only if there is no such object, or only in place of that one. */
  readonly unless?: 'there' | { readonly not: string };
}

/** Writes an object, large ones in parts. Gives its tag; undefined where the condition did not hold. */
export async function putObject(
  s3: S3,
  path: string,
  content: Content,
  { attributes, encryption, unless }: PutObject = {},
): Promise<string | undefined> {
  const pieces = typeof content === 'string' ? [Buffer.from(content)] : content;
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const kept = {
    ...s3.object(path),
    ...(attributes ? { Metadata: { [ATTRIBUTES]: JSON.stringify(attributes) } } : {}),
    // What S3 knows; it says itself what it does not.
    ...(encryption === undefined ? {} : { ServerSideEncryption: encryption as 'AES256' }),
  };
  const condition = unless === 'there' ? { IfNoneMatch: '*' } : unless === undefined ? {} : { IfMatch: unless.not };
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

interface Parts {
  readonly kept: ReturnType<S3['object']> & { readonly ServerSideEncryption?: 'AES256' };
  readonly condition: { readonly IfNoneMatch?: string; readonly IfMatch?: string };
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

async function putInParts(s3: S3, { kept, condition, pieces, size }: Parts): Promise<string> {
  const { sdk, client } = s3;
  const { Bucket, Key } = kept;
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(kept));
  const upload = { Bucket, Key, UploadId };
  try {
    const length = Math.max(PART, Math.ceil(size / MOST_PARTS));
    const froms = Array.from({ length: Math.ceil(size / length) }, (_, i) => i * length);
    const Parts = await mapAtMost(froms, WIDTH, async (from, i) => {
      const PartNumber = i + 1;
      const Body = slice(pieces, from, Math.min(from + length, size));
      const { ETag = '' } = await client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }));
      return { ETag, PartNumber };
    });
    const made = await client.send(
      new sdk.CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts } }),
    );
    return made.ETag ?? '';
  } catch (error) {
    // Parts that nobody completes are paid for. What went wrong first is what is told.
    await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined);
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
