import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStoreContract } from '../packages/smallboat/src/flow/store/contract.ts';
import type { Datastore } from '../packages/smallboat/src/flow/store/datastore.ts';
import { openRunStore } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import { s3Datastore } from '../packages/smallboat/src/flow/store/s3/s3-datastore.ts';
import type { S3Spec } from '../packages/smallboat/src/flow/store/s3/s3-spec.ts';
import { type S3Server, startGateway, startMoto } from './s3-server.ts';

/*
 * The S3 datastore against servers that others made. moto runs always. VERSITYGW=/path/to/versitygw adds Versity's gateway, a server over a folder:
 * go install github.com/versity/versitygw/cmd/versitygw@latest
 */

const gateway = process.env['VERSITYGW'];

const servers: readonly (readonly [string, () => Promise<S3Server>])[] = [
  ['moto', startMoto],
  ...(gateway === undefined ? [] : [['versitygw', () => startGateway(gateway)] as const]),
];

describe.each(servers)('%s', (name, start) => {
  let server: S3Server;
  beforeAll(async () => {
    server = await start();
    Object.assign(process.env, server.env);
    await server.makeBucket('boats');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const specAt = (prefix: string): S3Spec => ({
    kind: 's3',
    root: `s3://boats/${prefix}`,
    endpoint: server.endpoint,
    region: 'us-east-1',
  });

  runStoreContract({
    name: `S3 at ${name} with local metadata`,
    create: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'smallboat-s3-'));
      const datastore = specAt(randomUUID());
      return {
        open: () => openRunStore({ folder, datastore }),
        corrupt: async (key) => {
          await using store = await s3Datastore(datastore);
          const path = `f/data/${key.slice(0, 2)}/${key}`;
          const bytes = (await store.get(path)) ?? new Uint8Array(0);
          const attributes = await store.attributes(path);
          bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
          await store.put(path, [bytes], attributes ? { attributes } : {});
        },
      };
    },
  });

  describe('as a datastore', () => {
    let store: Datastore;
    beforeAll(async () => {
      store = await s3Datastore(specAt('plain'));
    });
    afterAll(() => store[Symbol.asyncDispose]());

    it('takes and gives large content in parts, with its attributes', async () => {
      const bytes = randomBytes(40 * 2 ** 20 + 17);
      const pieces = [bytes.subarray(0, 5), bytes.subarray(5, 20 * 2 ** 20), bytes.subarray(20 * 2 ** 20)];
      await store.put('large', pieces, { attributes: { cas_raw: true, cas_version: 1 } });
      expect(await store.attributes('large')).toEqual({ cas_raw: true, cas_version: 1 });
      expect(await store.stat('large')).toMatchObject({ bytes: bytes.length });
      expect(Buffer.compare((await store.get('large')) ?? new Uint8Array(0), bytes)).toBe(0);
      await store.renew('large');
      expect(await store.attributes('large')).toEqual({ cas_raw: true, cas_version: 1 });
    });

    it.each([0, 1, 8 * 2 ** 20, 8 * 2 ** 20 + 1])('gives %i bytes as they were', async (size) => {
      const bytes = randomBytes(size);
      await store.put('sized', [bytes]);
      expect(Buffer.compare((await store.get('sized')) ?? new Uint8Array(1), bytes)).toBe(0);
    });

    it('lets one of many make a file', async () => {
      const made = await Promise.all(Array.from({ length: 12 }, (_, i) => store.putNew('once', String(i))));
      expect(made.filter(Boolean)).toHaveLength(1);
      const winner = made.indexOf(true);
      expect(Buffer.from((await store.get('once')) ?? []).toString()).toBe(String(winner));
    });

    it('loses nothing that several processes append', async () => {
      const others = await Promise.all([1, 2, 3].map(() => s3Datastore(specAt('plain'))));
      const lines = Array.from({ length: 30 }, (_, i) => `line ${i}\n`);
      await Promise.all(
        lines.map(async (line, i) => {
          await others[i % 3]?.append('log', () => line);
        }),
      );
      const text = Buffer.from((await store.get('log')) ?? []).toString();
      expect(text.split('\n').filter(Boolean).sort()).toEqual(lines.map((line) => line.trim()).sort());
      await Promise.all(others.map((each) => each[Symbol.asyncDispose]()));
    });

    it('lists folders of more files than one answer has, and deletes them', async () => {
      const paths = Array.from({ length: 1203 }, (_, i) => `many/${i % 3}/file ${i}`);
      await Promise.all(paths.map((path) => store.put(path, path)));
      expect([...(await store.foldersIn('many'))].sort()).toEqual(['0', '1', '2']);
      const [first] = await store.filesIn('many', ['many/0', 'many/9']);
      expect(first).toHaveLength(401);
      const walked: string[] = [];
      for await (const { path, bytes } of store.walk('many')) if (bytes > 0) walked.push(path);
      expect(walked.sort()).toEqual(paths.toSorted());
      await store.remove(paths.slice(0, 3));
      await store.removeFolder('many');
      expect(await store.foldersIn('many')).toEqual([]);
    });

    it('asks for encryption where it is told to', async ({ skip }) => {
      skip(name !== 'moto', 'the gateway encrypts nothing');
      await using sealed = await s3Datastore({ ...specAt('sealed'), encryption: 'AES256' });
      await sealed.put('small', 'x', { attributes: { cas_version: 1 } });
      await sealed.put('large', [randomBytes(17 * 2 ** 20)]);
      const { HeadObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint: server.endpoint, region: 'us-east-1', forcePathStyle: true });
      for (const key of ['small', 'large']) {
        const head = await client.send(new HeadObjectCommand({ Bucket: 'boats', Key: `sealed/${key}` }));
        expect(head.ServerSideEncryption).toBe('AES256');
      }
      client.destroy();
    });

    it('says which bucket is not there, and which credentials do not fit', async () => {
      await using nowhere = await s3Datastore({ ...specAt('x'), root: 's3://no-such-bucket/x', attempts: 1 });
      await expect(nowhere.put('x', 'x')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
      await using silent = await s3Datastore({ ...specAt('x'), endpoint: 'http://127.0.0.1:9', attempts: 1 });
      await expect(silent.get('x')).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    });
  });
});
