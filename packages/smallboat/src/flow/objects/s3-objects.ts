import { open, rename, rm } from 'node:fs/promises';
import { aside, mapAtMost, writeAll } from '../../kernel/index.ts';
import { openS3 } from '../store/s3/s3-client.ts';
import {
  type GotObject,
  fetchObject,
  getObject,
  headWhole,
  listFolders,
  listObjects,
  streamObject,
} from '../store/s3/s3-read.ts';
import type { S3Spec } from '../store/s3/s3-spec.ts';
import { putObject, putStream } from '../store/s3/s3-write.ts';
import {
  type ByteRange,
  type Put,
  type S3Content,
  type S3Info,
  type S3Object,
  type S3Objects,
  type Written,
  objectErrors,
} from './objects.ts';

/** Objects at once. Each may take several requests; those under way are fewer, as the client sees to. */
const WIDTH = 64;
/** Contents at once that are sent piece by piece: pieces are in memory. */
const STREAMS = 4;

/** Opens a place in S3 for objects: see `s3Objects`. */
export async function openS3Objects(spec: S3Spec): Promise<S3Objects> {
  const s3 = await openS3(spec);
  const { root } = s3.place;
  const encryption = spec.encryption === undefined ? {} : { encryption: spec.encryption };
  const urlOf = (key: string): string => `${root}/${key}`;
  const checked = (key: string): string => {
    if (key === '' || /^\/|\/$|^s3[an]?:/.test(key)) throw objectErrors.OBJECT_KEY_INVALID({ key, root });
    return key;
  };
  const infoOf = (key: string, { head }: Pick<GotObject, 'head'>): S3Info => ({ key, url: urlOf(key), ...head });

  async function find(key: string, range?: ByteRange): Promise<S3Object | undefined> {
    const got = await getObject(s3, checked(key), range);
    if (!got) return undefined;
    const { bytes: content } = got;
    const text = (): string => Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8');
    return { ...infoOf(key, got), content, text, json: () => JSON.parse(text()) as unknown };
  }
  async function get(key: string, range?: ByteRange): Promise<S3Object> {
    return (await find(key, range)) ?? missing(urlOf(key));
  }
  async function put({ key, content, overwrite = true, contentType, metadata }: Put): Promise<Written> {
    const options = {
      ...encryption,
      ...(metadata ? { attributes: metadata } : {}),
      ...(contentType === undefined ? {} : { contentType }),
      ...(overwrite ? {} : { unless: 'there' as const }),
    };
    const path = checked(key);
    const etag = isWhole(content)
      ? await putObject(s3, path, typeof content === 'string' ? content : [content], options)
      : await putStream(s3, path, piecesOf(content), options);
    return { key, url: urlOf(key), isWritten: etag !== undefined };
  }
  async function info(key: string): Promise<S3Info | undefined> {
    const head = await headWhole(s3, checked(key));
    return head && infoOf(key, { head });
  }
  async function* stream(key: string, range?: ByteRange): AsyncIterable<Uint8Array> {
    const pieces = await streamObject(s3, checked(key), range);
    yield* pieces ?? missing(urlOf(key));
  }

  return {
    root,
    get,
    find,
    getMany: (keys) => mapAtMost(keys, WIDTH, (key) => get(key)),
    stream,
    async download(key, path) {
      const part = aside(path);
      try {
        const file = await open(part, 'wx');
        try {
          const take = (chunk: Uint8Array, at: number): Promise<void> => writeAll(file, chunk, at);
          const got = (await fetchObject(s3, checked(key), { from: 0, take })) ?? missing(urlOf(key));
          await rename(part, path);
          return infoOf(key, got);
        } finally {
          await file.close();
        }
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
    },
    put: (key, content, options) => put({ key, content, ...options }),
    async putMany(all) {
      const isSmall = all.every(({ content }) => isWhole(content));
      return mapAtMost(all, isSmall ? WIDTH : STREAMS, put);
    },
    info,
    infoMany: (keys) => mapAtMost(keys, WIDTH, info),
    async *list(folder = '', { isDeep = false } = {}) {
      if (folder !== '') checked(folder);
      const path = folder === '' ? '' : `${folder}/`;
      if (!isDeep) {
        for (const name of await listFolders(s3, folder)) {
          yield { kind: 'folder', key: path + name, url: urlOf(path + name) };
        }
      }
      for await (const { path: key, bytes, changedAt } of listObjects(s3, folder, { isDeep })) {
        yield { kind: 'object', key, url: urlOf(key), bytes, changedAt: new Date(changedAt) };
      }
    },
    async [Symbol.asyncDispose]() {
      s3.client.destroy();
    },
  };
}

function missing(url: string): never {
  throw objectErrors.OBJECT_MISSING({ url });
}

function isWhole(content: S3Content): content is string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array;
}

async function* piecesOf(content: Exclude<S3Content, string | Uint8Array>): AsyncIterable<Uint8Array> {
  if (!('file' in content)) {
    yield* content;
    return;
  }
  const file = await open(content.file, 'r');
  try {
    yield* file.readableWebStream({ autoClose: false }) as AsyncIterable<Uint8Array>;
  } finally {
    await file.close();
  }
}
