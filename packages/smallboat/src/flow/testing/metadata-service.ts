import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;
/** The status and the body of an answer. */
type Said = readonly [status: number, body: unknown];

export interface MetadataService extends AsyncDisposable {
  readonly url: string;
  /** Requests that came, as `GET /flows/f`, with the header `x-api-key` where there is one. */
  readonly requests: { readonly line: string; readonly key?: string; readonly body: unknown }[];
  /** Fails a request with a status, or breaks its connection, before it is looked at. */
  mischief: ((line: string, number: number) => number | 'break' | undefined) | undefined;
}

/**
 * A stand-in for Metaflow's metadata service, in memory, of version 2.5: for tests, here and with Metaflow's own client and runtime in
 * `interop/`. Where the real one has a rule it has it too: numbers for runs and tasks are given and not taken, an object is made once, signs of
 * life count every ten seconds, and the latest attempt of a task is that of its artifact `name`.
 */
export async function metadataService(options: { readonly apiKey?: string } = {}): Promise<MetadataService> {
  const books = newBooks();
  const requests: MetadataService['requests'] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString('utf8');
      const url = new URL(request.url ?? '/', 'http://localhost');
      const line = `${request.method} ${url.pathname}`;
      const body: unknown = text === '' ? {} : JSON.parse(text);
      const key = request.headers['x-api-key'];
      requests.push({ line, body, ...(typeof key === 'string' ? { key } : {}) });
      const mischief = api.mischief?.(line, requests.length);
      if (mischief === 'break') return request.socket.destroy();
      const isRefused = options.apiKey !== undefined && key !== options.apiKey;
      const [status, said] =
        mischief === undefined
          ? isRefused
            ? [403, { message: 'Forbidden' }]
            : books.answer(request.method ?? 'GET', url, body)
          : [mischief, { message: 'on purpose' }];
      response.writeHead(status, { 'content-type': 'application/json', METADATA_SERVICE_VERSION: '2.5.0' });
      response.end(JSON.stringify(said));
      return undefined;
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on a port.
  const api: MetadataService = {
    url: `http://127.0.0.1:${port}`,
    requests,
    mischief: undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return api;
}

/** Seconds between signs of life that count. */
const WAIT = 10;

interface Books {
  answer(method: string, url: URL, body: unknown): Said;
}

function newBooks(): Books {
  const flows = new Map<string, Json>();
  const runs = new Map<string, Json>();
  const steps = new Map<string, Json>();
  const tasks = new Map<string, Json>();
  const artifacts: Json[] = [];
  const facts: Json[] = [];
  let lastRun = 0;
  let lastTask = 0;
  const none: Said = [404, { message: 'not found' }];
  const found = (object: Json | undefined): Said => (object ? [200, object] : none);
  const under = (objects: ReadonlyMap<string, Json>, key: string): Json[] =>
    [...objects].filter(([path]) => path.startsWith(`${key}/`)).map(([, object]) => object);
  const made = (body: Json): Json => ({
    user_name: body['user_name'] ?? null,
    ts_epoch: Date.now(),
    tags: body['tags'] ?? [],
    system_tags: body['system_tags'] ?? [],
  });
  const beat = (object: Json | undefined): Said => {
    if (!object) return none;
    const now = Math.floor(Date.now() / 1000);
    const last = object['last_heartbeat_ts'];
    if (typeof last === 'number' && last > now - WAIT) return [404, JSON.stringify({ wait_time_in_seconds: WAIT })];
    object['last_heartbeat_ts'] = now;
    return [200, JSON.stringify({ wait_time_in_seconds: WAIT })];
  };
  const ofTask = (path: string, attempt?: number): Json[] => {
    const own = artifacts.filter((a) => a['path'] === path);
    const latest = attempt ?? Math.max(0, ...own.map((a) => Number(a['attempt_id'])));
    return own.filter((a) => a['attempt_id'] === latest);
  };
  const mutate = (run: Json | undefined, body: Json): Said => {
    if (!run) return none;
    const [add, remove] = ['tags_to_add', 'tags_to_remove'].map((name) => new Set((body[name] ?? []) as string[]));
    const system = new Set(run['system_tags'] as string[]);
    if (!add || !remove || add.size + remove.size === 0) return [422, 'nothing to add or to remove'];
    const taken = [...remove].filter((tag) => system.has(tag));
    if (taken.length > 0) return [400, `cannot remove a system tag: ${taken.join(', ')}`];
    const before = run['tags'] as string[];
    const after = [
      ...new Set([...before.filter((tag) => !remove.has(tag)), ...[...add].filter((t) => !system.has(t))]),
    ];
    if (after.length > 50 && after.length > before.length) return [400, 'cannot have more than 50 tags'];
    run['tags'] = after;
    return [200, { tags: after }];
  };

  const ofFlow = (method: string, [flow = '', ...rest]: readonly string[], given: Given): Said => {
    const { body } = given;
    const [what, run = '', ...below] = rest;
    if (what === undefined) {
      if (method === 'GET') return found(flows.get(flow));
      if (flows.has(flow)) return [409, { err_msg: 'duplicate key' }];
      flows.set(flow, { flow_id: flow, ...made(body) });
      return found(flows.get(flow));
    }
    if (what === 'run' && method === 'POST') {
      const id = body['run_number'];
      if (typeof id === 'string' && /^\d+$/.test(id)) return [500, { detail: 'provided run_id may not be a numeric' }];
      if (!flows.has(flow)) return none;
      if (typeof id === 'string' && runs.has(`${flow}/${id}`)) return [409, { err_msg: 'duplicate key' }];
      const number = typeof id === 'string' ? id : (lastRun += 1);
      const object = { flow_id: flow, run_number: number, ...made(body), last_heartbeat_ts: null };
      runs.set(`${flow}/${number}`, object);
      return [200, object];
    }
    if (what !== 'runs') return none;
    if (run === '') return [200, under(runs, flow)];
    return ofRun(method, { path: `${flow}/${run}`, ids: { flow_id: flow, run_number: numberIn(run) } }, below, given);
  };

  const ofRun = (method: string, at: At, rest: readonly string[], given: Given): Said => {
    const { path } = at;
    const [what, step = '', ...below] = rest;
    const run = runs.get(path);
    if (what === undefined) return found(run);
    if (what === 'heartbeat') return beat(run);
    if (what === 'tag') return mutate(run, given.body);
    if (what === 'metadata') return [200, facts.filter((f) => String(f['path']).startsWith(`${path}/`)).map(shown)];
    if (what === 'artifacts')
      return [
        200,
        under(tasks, path)
          .flatMap((t) => ofTask(String(t['path'])))
          .map(shown),
      ];
    if (what !== 'steps') return none;
    if (step === '') return [200, under(steps, path)];
    return ofStep(method, { path: `${path}/${step}`, ids: { ...at.ids, step_name: step } }, below, given);
  };

  const ofStep = (method: string, at: At, rest: readonly string[], given: Given): Said => {
    const { path, ids } = at;
    const { body, query } = given;
    const [what, task = '', ...below] = rest;
    if (what === undefined) return found(steps.get(path));
    if (what === 'step' && method === 'POST') {
      if (!runs.has(path.split('/').slice(0, 2).join('/'))) return none;
      if (steps.has(path)) return [409, { err_msg: 'duplicate key' }];
      steps.set(path, { ...ids, ...made(body) });
      return found(steps.get(path));
    }
    if (what === 'task' && method === 'POST') {
      if (!steps.has(path)) return none;
      const name = body['task_id'];
      if (typeof name === 'string' && /^\d+$/.test(name))
        return [400, { message: 'provided task_name may not be a numeric' }];
      const id = typeof name === 'string' ? name : (lastTask += 1);
      const own = `${path}/${id}`;
      if (tasks.has(own)) return [409, { err_msg: 'duplicate key' }];
      tasks.set(own, { path: own, ...ids, task_id: id, ...made(body), last_heartbeat_ts: null });
      return [200, shown(tasks.get(own) ?? {})];
    }
    if (what === 'filtered_tasks') {
      const [field, pattern] = [query.get('metadata_field_name'), query.get('pattern')];
      const isMeant = (own: string): boolean =>
        (field === null && pattern === null) ||
        facts.some(
          (f) =>
            f['path'] === own &&
            (field === null || f['field_name'] === field) &&
            (pattern === null || new RegExp(pattern).test(String(f['value']))),
        );
      return [200, under(tasks, path).flatMap((t) => (isMeant(String(t['path'])) ? [String(t['path'])] : []))];
    }
    if (what === 'artifacts')
      return [
        200,
        under(tasks, path)
          .flatMap((t) => ofTask(String(t['path'])))
          .map(shown),
      ];
    if (what !== 'tasks') return none;
    if (task === '') return [200, under(tasks, path).map(shown)];
    return ofOneTask(method, { path: `${path}/${task}`, ids: { ...ids, task_id: numberIn(task) } }, below, given);
  };

  const ofOneTask = (method: string, { path, ids }: At, rest: readonly string[], { body }: Given): Said => {
    const [what, name = '', sub, attempt] = rest;
    const task = tasks.get(path);
    if (what === undefined) return found(task && shown(task));
    if (what === 'heartbeat') {
      beat(runs.get(path.split('/').slice(0, 2).join('/')));
      return beat(task);
    }
    const list = Array.isArray(body) ? (body as Json[]) : [];
    if (method === 'POST') {
      if (!task) return [400, { message: 'need to register run_id and task_id first' }];
      const now = { ts_epoch: Date.now() };
      const into = what === 'artifact' ? artifacts : facts;
      for (const each of list) into.push({ id: into.length + 1, ...each, ...ids, ...now, path });
      return [200, what === 'artifact' ? { artifacts_created: list.length } : { metadata_created: list.length }];
    }
    if (what === 'metadata') return [200, facts.filter((f) => f['path'] === path).map(shown)];
    if (what === 'attempt' && sub === 'artifacts') return [200, ofTask(path, Number(name)).map(shown)];
    if (what !== 'artifacts') return none;
    if (name === '') return [200, ofTask(path).map(shown)];
    const own = artifacts.filter((a) => a['path'] === path);
    const named = own.filter((a) => a['name'] === 'name').map((a) => Number(a['attempt_id']));
    const wanted = attempt === undefined ? Math.max(0, ...named) : Number(attempt);
    const one = own.find((a) => a['name'] === name && a['attempt_id'] === wanted);
    return found(one && shown(one));
  };

  return {
    answer(method, url, body) {
      const parts = url.pathname
        .split('/')
        .filter(Boolean)
        .map((part) => decodeURIComponent(part));
      if (parts[0] === 'ping' || parts[0] === 'healthcheck') return [200, 'pong'];
      if (parts[0] === 'version') return [200, '2.5.0'];
      if (parts[0] !== 'flows') return none;
      if (parts.length === 1) return [200, [...flows.values()]];
      return ofFlow(method, parts.slice(1), { body: body as Json, query: url.searchParams });
    },
  };
}

interface At {
  readonly path: string;
  readonly ids: Json;
}

interface Given {
  readonly body: Json;
  readonly query: URLSearchParams;
}

/** As it is shown: without what it is found by here. */
function shown(object: Json): Json {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'path'));
}

function numberIn(id: string): number | string {
  return /^\d+$/.test(id) ? Number(id) : id;
}
