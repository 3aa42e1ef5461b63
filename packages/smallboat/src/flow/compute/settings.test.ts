import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ComputeSettings, computeSettings, settingsIn, withRegistry } from './settings.ts';

const home = mkdtempSync(join(tmpdir(), 'smallboat-metaflow-'));
const read = (env: Readonly<Record<string, string>>): ComputeSettings =>
  computeSettings(settingsIn({ env: { METAFLOW_HOME: home, ...env }, cwd: home }));

describe('settings of compute', () => {
  it('have Metaflow’s defaults', () => {
    const { batch, kubernetes, runtimeLimitSeconds, region } = read({});
    expect({ runtimeLimitSeconds, region }).toEqual({ runtimeLimitSeconds: 432_000, region: undefined });
    expect(batch).toEqual({ image: expect.stringMatching(/^node:\d+-slim$/), emitsTags: false, tags: {} });
    expect(kubernetes).toMatchObject({
      namespace: 'default',
      cpu: 1,
      memoryMiB: 4096,
      diskMiB: 10_240,
      gpuVendor: 'nvidia',
      qos: 'burstable',
      keepSeconds: 604_800,
      nodeSelector: {},
    });
  });

  it('are read under Metaflow’s names', () => {
    const { batch, kubernetes, region } = read({
      AWS_DEFAULT_REGION: 'eu-west-1',
      METAFLOW_BATCH_JOB_QUEUE: 'arn:aws:batch:eu-west-1:1:job-queue/gpu',
      METAFLOW_ECS_S3_ACCESS_IAM_ROLE: 'arn:aws:iam::1:role/job',
      METAFLOW_ECS_FARGATE_EXECUTION_ROLE: 'arn:aws:iam::1:role/start',
      METAFLOW_BATCH_CONTAINER_IMAGE: 'ghcr.io/shop/train:7',
      METAFLOW_BATCH_EMIT_TAGS: 'True',
      METAFLOW_BATCH_DEFAULT_TAGS: '{"team":"search"}',
      METAFLOW_KUBERNETES_NAMESPACE: 'ml',
      METAFLOW_KUBERNETES_SERVICE_ACCOUNT: 'trainer',
      METAFLOW_KUBERNETES_NODE_SELECTOR: 'disk=ssd,zone=b',
      METAFLOW_KUBERNETES_TOLERATIONS: '[{"key":"gpu","operator":"Exists"}]',
      METAFLOW_KUBERNETES_LABELS: 'team=search',
      METAFLOW_KUBERNETES_SECRETS: 'db,wandb',
      METAFLOW_KUBERNETES_GPU_VENDOR: 'amd',
      METAFLOW_KUBERNETES_QOS: 'Guaranteed',
      METAFLOW_KUBERNETES_MEMORY: '8192',
    });
    expect(region).toBe('eu-west-1');
    expect(batch).toEqual({
      queue: 'arn:aws:batch:eu-west-1:1:job-queue/gpu',
      jobRole: 'arn:aws:iam::1:role/job',
      executionRole: 'arn:aws:iam::1:role/start',
      image: 'ghcr.io/shop/train:7',
      emitsTags: true,
      tags: { team: 'search' },
    });
    expect(kubernetes).toMatchObject({
      namespace: 'ml',
      serviceAccount: 'trainer',
      nodeSelector: { disk: 'ssd', zone: 'b' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
      labels: { team: 'search' },
      secrets: ['db', 'wandb'],
      gpuVendor: 'amd',
      qos: 'guaranteed',
      memoryMiB: 8192,
    });
  });

  it('are read from the file of Metaflow’s profile, and the environment goes over it', () => {
    writeFileSync(
      join(home, 'config_team.json'),
      '{"METAFLOW_BATCH_JOB_QUEUE":"q","METAFLOW_BATCH_DEFAULT_TAGS":{"a":"b"}}',
    );
    const { batch } = read({ METAFLOW_PROFILE: 'team', METAFLOW_ECS_S3_ACCESS_IAM_ROLE: 'r' });
    expect(batch).toMatchObject({ queue: 'q', tags: { a: 'b' }, jobRole: 'r' });
    expect(read({ METAFLOW_PROFILE: 'team', METAFLOW_BATCH_JOB_QUEUE: 'mine' }).batch.queue).toBe('mine');
  });

  it('take our image before Metaflow’s, which is likely to hold Python', () => {
    const values = { SMALLBOAT_IMAGE: 'shop/node:1', METAFLOW_BATCH_CONTAINER_IMAGE: 'shop/python:1' };
    expect(read(values).batch.image).toBe('shop/node:1');
  });

  it.each([
    ['METAFLOW_BATCH_DEFAULT_TAGS', 'team=search'],
    ['METAFLOW_KUBERNETES_TOLERATIONS', '{"key":"gpu"}'],
    ['METAFLOW_KUBERNETES_CPU', 'many'],
    ['METAFLOW_KUBERNETES_QOS', 'Best'],
    ['METAFLOW_DEFAULT_RUNTIME_LIMIT', '-1'],
  ])('say that %s is not %s', (name, value) => {
    expect(() => read({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'COMPUTE_SETTING_INVALID', facts: expect.objectContaining({ name }) }),
    );
  });
});

it.each([
  ['node:24', 'registry.shop.com/', 'registry.shop.com/node:24'],
  ['shop/node:24', 'registry.shop.com', 'registry.shop.com/shop/node:24'],
  ['ghcr.io/shop/node:24', 'registry.shop.com', 'ghcr.io/shop/node:24'],
  ['localhost/node:24', 'registry.shop.com', 'localhost/node:24'],
  ['node:24', undefined, 'node:24'],
])('puts a registry before an image that names none: %s', (image, registry, whole) => {
  expect(withRegistry(image, registry)).toBe(whole);
});
