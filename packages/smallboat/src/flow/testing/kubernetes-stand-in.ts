import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalContainer, localContainer } from './local-container.ts';

/** An object of the API, as far as it is read here. */
export interface ApiObject {
  readonly metadata: {
    name: string;
    namespace: string;
    labels: Record<string, string>;
    resourceVersion?: string;
  } & Record<string, unknown>;
  readonly spec: Readonly<Record<string, unknown>>;
  status: Record<string, unknown>;
}

export interface KubernetesStandInOptions {
  /** Milliseconds until the controller has made a pod, and until the kubelet has started it. */
  readonly stateMilliseconds?: number;
  /** Milliseconds from SIGTERM to SIGKILL where a pod is told to end, for each second of its grace. */
  readonly secondMilliseconds?: number;
  /** Secrets by name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Certificate and key, PEM: then it speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** False: Jobs are taken, and fail at once. For those whose commands cannot run here. Default true. */
  readonly runs?: boolean;
  /** Environment variables that the machine gives every container. */
  readonly machine?: Readonly<Record<string, string>>;
}

export interface KubernetesStandIn extends AsyncDisposable {
  readonly url: string;
  /** Manifests as they were sent. */
  readonly manifests: readonly Readonly<Record<string, unknown>>[];
  readonly jobs: ReadonlyMap<string, ApiObject>;
  readonly pods: ReadonlyMap<string, ApiObject>;
  readonly services: ReadonlyMap<string, ApiObject>;
  /** Questions that were asked: `GET /api/v1/…/pods?watch`. */
  readonly asked: readonly string[];
  /** A kubeconfig that leads here. */
  readonly kubeconfig: string;
  /** What tells the client to come here. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes a pod off its machine, as for a pod that matters more. */
  evict(pod: string, reason: string): void;
  /** The machine of a pod goes without a word. */
  loseNode(pod: string): void;
  /** The next questions are answered with an error, or taken and not answered. */
  fail(how: 'busy' | 'lost', path: RegExp, times: number): void;
  /** Ends all watches, as a server that starts anew. */
  dropWatches(): void;
  waitForPod(is: (pod: ApiObject) => boolean): Promise<ApiObject>;
}

interface Watcher {
  readonly kind: Kind;
  readonly selector: string;
  readonly response: ServerResponse;
}

type Kind = 'pods' | 'jobs';
const TOKEN = 'standin-token';

/**
 * The API server of Kubernetes with a controller of Jobs and a kubelet, as far as jobs need them: pods run as processes of this machine. For
 * tests of whole flows.
 */
export async function kubernetesStandIn(options: KubernetesStandInOptions = {}): Promise<KubernetesStandIn> {
  const { stateMilliseconds = 5, secondMilliseconds = 1000, secrets = {} } = options;
  const objects = { pods: new Map<string, ApiObject>(), jobs: new Map<string, ApiObject>() };
  const manifests: Readonly<Record<string, unknown>>[] = [];
  const services = new Map<string, ApiObject>();
  const asked: string[] = [];
  const watchers = new Set<Watcher>();
  const containers = new Map<string, LocalContainer>();
  const logs = new Map<string, { text: string; isOver: boolean; readonly readers: Set<ServerResponse> }>();
  const faults: { how: 'busy' | 'lost'; path: RegExp; times: number }[] = [];
  let version = 1;

  const tell = (kind: Kind, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: ApiObject): void => {
    version += 1;
    object.metadata.resourceVersion = String(version);
    for (const { kind: wanted, selector, response } of watchers) {
      if (wanted === kind && matches(object, selector)) response.write(`${JSON.stringify({ type, object })}\n`);
    }
  };
  const change = (kind: Kind, object: ApiObject, status: Record<string, unknown>): void => {
    if (!objects[kind].has(object.metadata.name)) return;
    object.status = { ...object.status, ...status };
    tell(kind, 'MODIFIED', object);
  };

  /** The controller and the kubelet: a Job's one pod, from its making to its end. */
  async function live(job: ApiObject): Promise<void> {
    const { template } = job.spec as {
      template: {
        metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
        spec: Record<string, unknown>;
      };
    };
    const { name: jobName, namespace } = job.metadata;
    await delay(stateMilliseconds);
    if (!objects.jobs.has(jobName)) return;
    if (options.runs === false) {
      const condition = {
        type: 'Failed',
        status: 'True',
        reason: 'BackoffLimitExceeded',
        message: 'nothing is run here',
      };
      return change('jobs', job, { failed: 1, conditions: [condition] });
    }
    const name = `${jobName}-${Math.random().toString(36).slice(2, 7)}`;
    const labels = { ...template.metadata.labels, 'job-name': jobName, 'batch.kubernetes.io/job-name': jobName };
    const pod: ApiObject = {
      metadata: { name, namespace, uid: crypto.randomUUID(), labels, annotations: template.metadata.annotations ?? {} },
      spec: template.spec,
      status: { phase: 'Pending' },
    };
    objects.pods.set(name, pod);
    tell('pods', 'ADDED', pod);
    await delay(stateMilliseconds);
    const {
      containers: [asIs],
      activeDeadlineSeconds,
    } = template.spec as {
      containers: Spec[];
      activeDeadlineSeconds?: number;
    };
    if (!asIs || !objects.pods.has(name)) return;
    if (asIs.image.startsWith('missing/')) {
      const waiting = { reason: 'InvalidImageName', message: `Failed to apply default image tag "${asIs.image}"` };
      return change('pods', pod, { containerStatuses: [{ name: asIs.name, state: { waiting } }] });
    }
    const environment = environmentFor(asIs, pod);
    const limit = /^(\d+)Mi$/.exec(asIs.resources?.limits?.['memory'] ?? '')?.[1];
    const log = { text: '', isOver: false, readers: new Set<ServerResponse>() };
    logs.set(name, log);
    const container = localContainer({
      command: asIs.command.map((word) => expanded(word, environment)),
      environment: { ...options.machine, ...environment },
      ...(limit === undefined ? {} : { memoryMiB: Number(limit) }),
      onLog: (text) => {
        log.text += text;
        for (const reader of log.readers) reader.write(text);
      },
    });
    containers.set(name, container);
    change('pods', pod, { phase: 'Running', containerStatuses: [{ name: asIs.name, state: { running: {} } }] });
    const clock = setTimeout(
      () => {
        pod.status['reason'] = 'DeadlineExceeded';
        pod.status['message'] = 'Pod was active on the node longer than the specified deadline';
        container.stop(30 * secondMilliseconds);
      },
      (activeDeadlineSeconds ?? 1e6) * secondMilliseconds,
    );
    const { exitCode, isOutOfMemory } = await container.ended;
    clearTimeout(clock);
    log.isOver = true;
    for (const reader of log.readers) reader.end();
    if (pod.status['phase'] === 'Failed') return;
    const terminated = {
      exitCode,
      reason: isOutOfMemory ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
      finishedAt: new Date().toISOString(),
    };
    change('pods', pod, {
      phase: exitCode === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [{ name: asIs.name, state: { terminated } }],
    });
    const type = exitCode === 0 ? 'Complete' : 'Failed';
    change('jobs', job, {
      conditions: [{ type, status: 'True', reason: exitCode === 0 ? '' : 'BackoffLimitExceeded', message: '' }],
    });
  }
  function environmentFor(spec: Spec, pod: ApiObject): Record<string, string> {
    const fields: Readonly<Record<string, string>> = {
      'metadata.name': pod.metadata.name,
      'metadata.namespace': pod.metadata.namespace,
      'metadata.uid': String(pod.metadata['uid']),
      'spec.serviceAccountName':
        typeof pod.spec['serviceAccountName'] === 'string' ? pod.spec['serviceAccountName'] : 'default',
      'status.hostIP': '127.0.0.1',
    };
    const found: Record<string, string> = {};
    for (const { secretRef } of spec.envFrom ?? []) Object.assign(found, secrets[secretRef.name] ?? {});
    for (const { name, value, valueFrom } of spec.env) {
      found[name] = value === undefined ? (fields[valueFrom?.fieldRef.fieldPath ?? ''] ?? '') : expanded(value, found);
    }
    return found;
  }
  function remove(name: string): void {
    const job = objects.jobs.get(name);
    if (!job) return;
    objects.jobs.delete(name);
    tell('jobs', 'DELETED', job);
    for (const pod of [...objects.pods.values()].filter(({ metadata }) => metadata.labels['job-name'] === name)) {
      const grace = Number(pod.spec['terminationGracePeriodSeconds'] ?? 30);
      containers.get(pod.metadata.name)?.stop(grace * secondMilliseconds);
      objects.pods.delete(pod.metadata.name);
      tell('pods', 'DELETED', pod);
    }
  }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '', 'http://standin');
    const isWatch = url.searchParams.get('watch') === 'true';
    asked.push(`${request.method} ${url.pathname}${isWatch ? '?watch' : ''}`);
    const say = (status: number, said: unknown): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    const refuse = (code: number, message: string): void =>
      say(code, { kind: 'Status', status: 'Failure', code, message });
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(401, 'Unauthorized');
    let text = '';
    for await (const piece of request.setEncoding('utf8') as AsyncIterable<string>) text += piece;
    const fault = faults.find(({ path, times }) => times > 0 && path.test(`${request.method} ${url.pathname}`));
    if (fault) fault.times -= 1;
    if (fault?.how === 'busy') return refuse(429, 'the server has too many requests');
    const [, namespace = '', kind = '', name, part] =
      /\/namespaces\/([^/]+)\/(pods|jobs)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    if (/\/namespaces\/[^/]+\/services$/.test(url.pathname) && request.method === 'POST') {
      const service = JSON.parse(text) as ApiObject;
      services.set(service.metadata.name, service);
      return say(201, { ...service, metadata: { ...service.metadata, namespace, uid: crypto.randomUUID() } });
    }
    if (kind !== 'pods' && kind !== 'jobs') return refuse(404, 'the server could not find the requested resource');
    if (request.method === 'POST') {
      const manifest = JSON.parse(text) as ApiObject & { readonly metadata: { readonly generateName?: string } };
      manifest.metadata.name ??= `${manifest.metadata.generateName ?? ''}${Math.random().toString(36).slice(2, 7)}`;
      if (objects.jobs.has(manifest.metadata.name))
        return refuse(409, `jobs.batch "${manifest.metadata.name}" already exists`);
      if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(manifest.metadata.name))
        return refuse(422, 'metadata.name: Invalid value');
      manifests.push(JSON.parse(text) as Record<string, unknown>);
      const job = { ...manifest, status: {}, metadata: { ...manifest.metadata, namespace, uid: crypto.randomUUID() } };
      objects.jobs.set(job.metadata.name, job);
      tell('jobs', 'ADDED', job);
      void live(job);
      if (fault) request.socket.destroy();
      else say(201, job);
      return;
    }
    if (request.method === 'DELETE') {
      remove(name ?? '');
      return say(200, { kind: 'Status', status: 'Success' });
    }
    if (part === 'log') {
      const log = logs.get(name ?? '');
      if (!log) return refuse(400, `container is waiting to start`);
      response.writeHead(200, { 'content-type': 'text/plain' }).write(log.text);
      if (log.isOver) response.end();
      else log.readers.add(response);
      return;
    }
    const selector = url.searchParams.get('labelSelector') ?? '';
    if (isWatch) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      // What changed between the list and now.
      const from = Number(url.searchParams.get('resourceVersion'));
      for (const object of objects[kind].values()) {
        if (Number(object.metadata.resourceVersion) > from && matches(object, selector)) {
          response.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
        }
      }
      const watcher: Watcher = { kind, selector, response };
      watchers.add(watcher);
      response.on('close', () => watchers.delete(watcher));
      return;
    }
    if (name !== undefined) {
      const object = objects[kind].get(name);
      return object ? say(200, object) : refuse(404, `${kind} "${name}" not found`);
    }
    const items = [...objects[kind].values()].filter((object) => matches(object, selector));
    say(200, { kind: 'List', metadata: { resourceVersion: String(version) }, items });
  };

  const listener: RequestListener = (request, response) => void answer(request, response);
  const server = options.tls ? createTlsServer(options.tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `${options.tls ? 'https://localhost' : 'http://127.0.0.1'}:${port}`;
  const kubeconfig = join(mkdtempSync(join(tmpdir(), 'smallboat-kube-')), 'config');
  const ca = options.tls ? { 'certificate-authority-data': Buffer.from(options.tls.cert).toString('base64') } : {};
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'standin',
      contexts: [{ name: 'standin', context: { cluster: 'standin', user: 'standin' } }],
      clusters: [{ name: 'standin', cluster: { server: url, ...ca } }],
      users: [{ name: 'standin', user: { token: TOKEN } }],
    }),
  );
  return {
    url,
    manifests,
    jobs: objects.jobs,
    pods: objects.pods,
    services,
    asked,
    kubeconfig,
    env: { KUBECONFIG: kubeconfig },
    evict(name, reason) {
      const pod = objects.pods.get(name);
      if (!pod) return;
      pod.status['conditions'] = [{ type: 'DisruptionTarget', status: 'True', reason, message: 'it had to make room' }];
      containers.get(name)?.stop(30 * secondMilliseconds);
    },
    loseNode(name) {
      const pod = objects.pods.get(name);
      if (!pod) return;
      const conditions = [
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'DeletionByTaintManager',
          message: 'Taint manager: deleting due to NoExecute taint',
        },
      ];
      change('pods', pod, { phase: 'Failed', reason: 'NodeLost', conditions });
      containers.get(name)?.kill();
    },
    fail: (how, path, times) => void faults.push({ how, path, times }),
    dropWatches() {
      for (const { response } of watchers) response.destroy();
    },
    async waitForPod(is) {
      for (;;) {
        const found = [...objects.pods.values()].find(is);
        if (found) return found;
        await delay(10);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const container of containers.values()) container.kill();
      await Promise.all([...containers.values()].map(({ ended }) => ended));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Spec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[];
  readonly envFrom?: readonly { secretRef: { name: string } }[];
  readonly resources?: { limits?: Readonly<Record<string, string>> };
}

/** As the kubelet does it: `$(NAME)` is a variable where there is one, and `$$` is one `$`. */
function expanded(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(\$|\(([^)]*)\))/g, (all, what: string, name: string) =>
    what === '$' ? '$' : (environment[name] ?? all),
  );
}

function matches({ metadata }: ApiObject, selector: string): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [name = '', value] = part.split('=');
      return metadata.labels[name] === value;
    });
}
