import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  openRegistry,
  registryErrors,
  s3Objects,
  s3Registry,
  s3RegistryErrors,
} from '../packages/smallboat/src/tracking/index.ts';
import { modelFolderForTests, registryContract } from '../packages/smallboat/src/tracking/registry-contract.ts';
import { type S3Server, startMoto } from './s3-server.ts';

/** The model registry in a bucket, on moto's S3. */

let moto: S3Server;
const cache = mkdtempSync(join(tmpdir(), 'smallboat-s3-models-'));
let made = 0;

beforeAll(async () => {
  moto = await startMoto();
  Object.assign(process.env, moto.env);
  await moto.makeBucket('boats');
});
afterAll(async () => {
  await moto?.[Symbol.asyncDispose]();
  await rm(cache, { recursive: true });
});

const place = (): string => `s3://boats/models/${(made += 1)}`;
const at = async (where: string, folder = `${made}`) =>
  s3Registry({
    objects: await s3Objects(where, { endpoint: moto.endpoint, region: 'us-east-1' }),
    cacheFolder: join(cache, folder),
  });

registryContract({ name: 'A bucket', create: () => at(place()) });

it('shows another machine the same models, with their files', async () => {
  const where = place();
  const here = await at(where, 'here');
  const registered = await here.register({ name: 'intent', modelFolder: await modelFolderForTests('abc') });
  await here.alias('intent', 1, 'champion');
  const env = { ...moto.env, SMALLBOAT_MODELS: where, AWS_ENDPOINT_URL_S3: moto.endpoint };
  const there = await openRegistry({ folder: join(cache, 'there', 'models'), env });
  const found = await there.version('intent', 'champion');
  expect({ ...found, folder: '' }).toEqual({ ...registered, folder: '', aliases: ['champion'] });
  expect(found.folder).not.toBe(registered.folder);
});

it('keeps every change of an alias when several machines change it at once', async () => {
  const where = place();
  const first = await at(where, 'first');
  await first.register({ name: 'intent', modelFolder: await modelFolderForTests() });
  const second = await at(where, 'second');
  await Promise.all(
    Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? first : second).alias('intent', 1, `alias-${i}`, `number ${i}`)),
  );
  const history = await first.aliasHistory('intent');
  expect(history.map(({ alias }) => alias).toSorted()).toEqual(Array.from({ length: 8 }, (_, i) => `alias-${i}`));
});

it('refuses a model whose file was changed in the bucket, and a history that was', async () => {
  const where = place();
  const objects = await s3Objects(where, { endpoint: moto.endpoint, region: 'us-east-1' });
  const registry = await at(where, 'changed');
  const { files } = await registry.register({ name: 'intent', modelFolder: await modelFolderForTests('weights') });
  await registry.alias('intent', 1, 'champion');
  await registry.alias('intent', 1, 'other');
  await objects.put(`intent/files/${files.at(-1)?.sha256 ?? ''}`, 'other weights');
  const elsewhere = await at(where, 'elsewhere');
  await expect(elsewhere.version('intent', 1)).rejects.toMatchObject({
    code: registryErrors.MODEL_VERSION_CORRUPT.code,
  });
  const history = await objects.get('intent/aliases.jsonl');
  await objects.put(
    'intent/aliases.jsonl',
    Buffer.from(history?.bytes ?? [])
      .toString()
      .replace('champion', 'champions'),
  );
  await expect(registry.aliasHistory('intent')).rejects.toMatchObject({
    code: registryErrors.MODEL_HISTORY_BROKEN.code,
  });
});

it.each(['boats/models', 's3://'])('says what a place of models looks like: %s', async (where) => {
  await expect(openRegistry({ folder: cache, env: { SMALLBOAT_MODELS: where } })).rejects.toMatchObject({
    code: s3RegistryErrors.MODELS_PLACE_INVALID.code,
  });
});
