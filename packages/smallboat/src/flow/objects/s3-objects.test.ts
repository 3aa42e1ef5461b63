import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openClient } from '../client.ts';
import { flow } from '../compose/flow.ts';
import { step } from '../compose/step.ts';
import { quietContext } from '../quiet-context.ts';
import { runFlow } from '../run-flow.ts';
import { openRunStore } from '../store/open-run-store.ts';
import { type S3Server, s3Server } from '../testing/s3-server.ts';
import { type S3Objects, s3Objects } from './objects.ts';

let server: S3Server;
let s3: S3Objects;
let folder = '';
beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody').stubEnv('AWS_SECRET_ACCESS_KEY', 'nothing');
  server = await s3Server();
  folder = await mkdtemp(join(tmpdir(), 'smallboat-objects-'));
  s3 = await s3Objects({ root: 's3://shop/own/', endpoint: server.endpoint, region: 'us-east-1' });
});
beforeEach(() => (server.mischief = undefined));
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
  vi.unstubAllEnvs();
});

async function whole(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('objects in S3', () => {
  it('come back as they were put, with what is known of them', async () => {
    const put = await s3.put('a/menu.json', '{"café":2}', {
      contentType: 'application/json',
      metadata: { by: 'Zoë', n: 1 },
    });
    expect(put).toEqual({ key: 'a/menu.json', url: 's3://shop/own/a/menu.json', isWritten: true });
    const got = await s3.get('a/menu.json');
    expect(got.json()).toEqual({ café: 2 });
    expect(got).toMatchObject({ url: put.url, bytes: 11, contentType: 'application/json' });
    expect(got.metadata).toEqual({ by: 'Zoë', n: 1 });
    expect(got).toMatchObject((await s3.info('a/menu.json')) ?? {});
  });

  it('are not there, or are written once, where that is wanted', async () => {
    await expect(s3.get('nothing')).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    expect([await s3.find('nothing'), await s3.info('nothing')]).toEqual([undefined, undefined]);
    await expect(whole(s3.stream('nothing'))).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    await expect(s3.download('nothing', join(folder, 'nothing'))).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
    const all = [1, 2].map(() => s3.put('once', 'x', { overwrite: false }));
    expect((await Promise.all(all)).filter(({ isWritten }) => isWritten)).toHaveLength(1);
    for (const key of ['', '/a', 'a/', 's3://shop/own/a']) {
      await expect(s3.get(key)).rejects.toMatchObject({ code: 'OBJECT_KEY_INVALID' });
    }
  });

  it('are given in part', async () => {
    await s3.put('digits', '0123456789');
    expect((await s3.get('digits', { from: 2, bytes: 3 })).text()).toBe('234');
    expect((await s3.get('digits', { from: 7 })).text()).toBe('789');
    expect((await s3.get('digits', { from: 8, bytes: 99 })).text()).toBe('89');
    expect((await s3.get('digits', { from: 10 })).text()).toBe('');
    expect((await s3.get('digits', { from: 0, bytes: 0 })).text()).toBe('');
    expect((await whole(s3.stream('digits', { from: 4, bytes: 2 }))).toString()).toBe('45');
    await s3.put('empty', '');
    expect(await s3.get('empty')).toMatchObject({ bytes: 0, content: new Uint8Array(0) });
  });

  it('are put and got many at once, in order', async () => {
    const keys = Array.from({ length: 120 }, (_, i) => `many/${i % 7}/${i}`);
    await s3.putMany(keys.map((key) => ({ key, content: key })));
    expect((await s3.getMany(keys)).map((one) => one.text())).toEqual(keys);
    expect((await s3.infoMany(['many/0/0', 'many/no'])).map((one) => one?.bytes)).toEqual([8, undefined]);
    await expect(s3.getMany([...keys, 'many/no'])).rejects.toMatchObject({ code: 'OBJECT_MISSING' });
  });

  it('are listed by folder, or all below one', async () => {
    await s3.putMany(['list', 'list/a', 'list/b/c', 'list/b/d', 'listed'].map((key) => ({ key, content: 'x' })));
    const names = async (of: string, isDeep: boolean): Promise<string[]> => {
      const found: string[] = [];
      for await (const { kind, key } of s3.list(of, { isDeep })) found.push(`${kind} ${key}`);
      return found;
    };
    expect(await names('list', false)).toEqual(['folder list/b', 'object list/a']);
    expect(await names('list', true)).toEqual(['object list/a', 'object list/b/c', 'object list/b/d']);
  });

  it('of any size go from a file and into one, and leave nothing when that fails', async () => {
    const bytes = randomBytes(40 * 2 ** 20 + 17);
    await writeFile(join(folder, 'large'), bytes);
    await s3.put('large', { file: join(folder, 'large') }, { metadata: { of: 'a file' } });
    expect(server.objects.get('shop/own/large')?.etag).toMatch(/-3"$/);
    // One piece breaks in the middle, and comes again from there.
    let left = 3;
    server.mischief = ({ method }) => (method === 'GET' && (left -= 1) >= 0 ? 'cut' : undefined);
    const info = await s3.download('large', join(folder, 'copy'));
    expect(info).toMatchObject({ bytes: bytes.length, metadata: { of: 'a file' } });
    expect(Buffer.compare(await readFile(join(folder, 'copy')), bytes)).toBe(0);
    expect(
      Buffer.compare(
        await whole(s3.stream('large', { from: 9, bytes: 20 * 2 ** 20 })),
        bytes.subarray(9, 9 + 20 * 2 ** 20),
      ),
    ).toBe(0);
    server.mischief = ({ method }) => (method === 'GET' ? 'cut' : undefined);
    await expect(s3.download('large', join(folder, 'broken'))).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect((await readdir(folder)).sort()).toEqual(['copy', 'large']);
  });

  it('are sent as they are made, whatever fails once', async () => {
    async function* made(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < 40; i += 1) yield Buffer.alloc(1 << 20, i);
    }
    server.mischief = ({ number }) => (number % 3 === 0 ? 'break' : undefined);
    await s3.put('made', made());
    server.mischief = undefined;
    const { content } = await s3.get('made');
    expect([content.length, content[0], content.at(-1)]).toEqual([40 << 20, 0, 39]);
  });
});

describe('the place of a run', () => {
  const keep = step('keep', {
    run: async ({ text }: { text: string }, { s3: own }) => {
      const { url } = await (await own()).put('kept/text', text);
      return { url };
    },
  });
  const keeping = flow('Keeping', {}, () => keep({ text: 'hello' }));

  it('is its own, and is found again by the client', async () => {
    const datastore = { kind: 's3', root: 's3://shop/runs', endpoint: server.endpoint, region: 'us-east-1' } as const;
    await using store = await openRunStore({ folder, datastore });
    await using run = await runFlow(keeping, { module: import.meta.url, store });
    expect(await run.result()).toEqual({ url: `s3://shop/runs/data/Keeping/${run.run}/kept/text` });
    await using client = await openClient(store);
    const past = await client.flow(keeping).run(run.run);
    await using objects = await past.s3();
    expect((await objects.get('kept/text')).text()).toBe('hello');
    expect(await client.flows()).toEqual(['Keeping']);
  });

  it('is where the configuration says, and nowhere for runs in a folder', async () => {
    const datastore = {
      kind: 's3',
      root: 's3://shop/runs',
      dataRoot: 's3://other/own/',
      endpoint: server.endpoint,
      region: 'us-east-1',
    } as const;
    await using store = await openRunStore({ folder, datastore });
    await using run = await runFlow(keeping, { module: import.meta.url, store });
    expect(await run.result()).toEqual({ url: `s3://other/own/Keeping/${run.run}/kept/text` });
    await expect(quietContext('keep').s3()).rejects.toMatchObject({ code: 'RUN_WITHOUT_OBJECTS' });
  });
});
