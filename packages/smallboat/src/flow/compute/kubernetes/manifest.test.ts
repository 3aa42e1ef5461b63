import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container } from '../service.ts';
import { computeSettings } from '../settings.ts';
import { jobManifest, objectName } from './manifest.ts';

const labels = { user: 'ada', flow: 'Intent', run: '1795433364090388', step: 'train', task: '4', attempt: 0 };
const container: Container = {
  command: ['node'],
  environment: { A: 'x', B: '$(A) $HOME' },
  resources: {},
  timeoutSeconds: 90.5,
  labels,
};
const podOf = (own: Partial<Container>, values = {}) => {
  const made = jobManifest({
    container: { ...container, ...own },
    settings: computeSettings((name) => (values as Readonly<Record<string, string>>)[name]).kubernetes,
    session: 's1',
  });
  const { template } = made.spec as {
    template: { spec: { containers: Record<string, unknown>[] } & Record<string, unknown> };
  };
  return { made, pod: template.spec, task: template.spec.containers[0] ?? {} };
};

describe('the Job of a task', () => {
  it('runs once, in a pod that is not started again, with a deadline and a grace', () => {
    const { made, pod, task } = podOf({});
    expect(made.spec).toMatchObject({ backoffLimit: 0, completions: 1, ttlSecondsAfterFinished: 604_800 });
    expect(pod).toMatchObject({ restartPolicy: 'Never', activeDeadlineSeconds: 91, terminationGracePeriodSeconds: 30 });
    expect(task).toMatchObject({
      command: ['node'],
      image: expect.stringMatching(/^node:/),
      terminationMessagePolicy: 'FallbackToLogsOnError',
    });
  });

  it('asks for what Metaflow asks for where the step says nothing', () => {
    expect(podOf({}).task['resources']).toEqual({
      requests: { cpu: '1', memory: '4096Mi', 'ephemeral-storage': '10240Mi' },
    });
  });

  it('asks for GPUs of the vendor, and for just so much where its quality is Guaranteed', () => {
    const resources = { cpu: 2.5, memoryMiB: 100.2, gpu: 1 };
    const values = { METAFLOW_KUBERNETES_QOS: 'Guaranteed', METAFLOW_KUBERNETES_GPU_VENDOR: 'AMD' };
    const wanted = { cpu: '2.5', memory: '101Mi', 'ephemeral-storage': '10240Mi' };
    expect(podOf({ resources }, values).task['resources']).toEqual({
      requests: wanted,
      limits: { ...wanted, 'amd.com/gpu': '1' },
    });
  });

  it('has the step’s options over those of the settings, and labels of both', () => {
    const values = {
      METAFLOW_KUBERNETES_NAMESPACE: 'ml',
      METAFLOW_KUBERNETES_LABELS: 'team=search,tier=a',
      METAFLOW_KUBERNETES_NODE_SELECTOR: 'disk=ssd',
      METAFLOW_KUBERNETES_SERVICE_ACCOUNT: 'trainer',
      METAFLOW_KUBERNETES_SECRETS: 'db',
      METAFLOW_KUBERNETES_IMAGE_PULL_POLICY: 'Always',
      METAFLOW_KUBERNETES_IMAGE_PULL_SECRETS: '["regcred"]',
    };
    const kubernetes = { namespace: 'gpu', labels: { tier: 'b' }, tolerations: [{ key: 'gpu', operator: 'Exists' }] };
    const { made, pod, task } = podOf({ kubernetes, image: 'shop/train:1' }, values);
    expect(made.metadata).toMatchObject({
      namespace: 'gpu',
      labels: { team: 'search', tier: 'b', 'smallboat/session': 's1' },
    });
    expect(pod).toMatchObject({
      nodeSelector: { disk: 'ssd' },
      serviceAccountName: 'trainer',
      tolerations: kubernetes.tolerations,
      imagePullSecrets: [{ name: 'regcred' }],
    });
    expect(task).toMatchObject({
      image: 'shop/train:1',
      imagePullPolicy: 'Always',
      envFrom: [{ secretRef: { name: 'db' } }],
    });
  });

  it('mounts shared memory and volumes', () => {
    const values = { METAFLOW_KUBERNETES_PERSISTENT_VOLUME_CLAIMS: '{"models":"/mnt/models"}' };
    const { pod, task } = podOf({ resources: { sharedMemoryMiB: 64 } }, values);
    expect(pod['volumes']).toEqual([
      { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      { name: 'models', persistentVolumeClaim: { claimName: 'models' } },
    ]);
    expect(task['volumeMounts']).toEqual([
      { name: 'shared-memory', mountPath: '/dev/shm' },
      { name: 'models', mountPath: '/mnt/models' },
    ]);
  });

  it('hands values on as they are', () => {
    const { task } = podOf({});
    expect(task['env']).toContainEqual({ name: 'B', value: '$$(A) $HOME' });
  });

  it('has a name that Kubernetes takes, and another for each attempt, whatever the parts are', () => {
    const part = fc.stringMatching(/^\w{1,80}$/);
    fc.assert(
      fc.property(part, part, fc.nat(9), (flow, step, attempt) => {
        const own = { ...labels, flow, step, attempt };
        expect(objectName(own)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(objectName({ ...own, run: '1' })).not.toBe(objectName(own));
        expect(objectName({ ...own, attempt: attempt + 1 })).not.toBe(objectName(own));
      }),
    );
  });
});
