import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { compareIds } from '../compare-ids.ts';
import { flowPath, runPath, stepPath, taskPath } from '../layout.ts';
import type { ArtifactPlace, Metadata, TaskStub } from '../metadata.ts';
import { artifactsJson, factsJson, selfJson } from '../metadata-json.ts';
import { asFacts } from '../read-local-metadata.ts';
import { pathspecOf, runStoreErrors } from '../run-store.ts';
import type { RunInfo, RunPath, TaskPath } from '../run-store.ts';
import { originIn } from '../system-tags.ts';
import { checkTags } from '../tags.ts';
import { type Answer, type ServiceClientOptions, serviceClient, textOf } from './service-client.ts';
import { taskBeats } from './task-beats.ts';

export interface ServiceMetadataOptions extends ServiceClientOptions {
  readonly user: string;
  /** Where the artifacts lie that are registered with it. */
  readonly artifactsIn: ArtifactPlace;
  readonly clock?: () => number;
}

const Id = z.union([z.string(), z.number()]).transform(String);

const Run = z.looseObject({
  flow_id: z.string(),
  run_number: Id,
  ts_epoch: z.number(),
  user_name: z.string().nullish(),
  tags: z.array(z.string()).nullish(),
  system_tags: z.array(z.string()).nullish(),
  last_heartbeat_ts: z.number().nullish(),
});

const Task = z.looseObject({ task_id: Id, step_name: z.string(), ts_epoch: z.number() });

/** Tries to change tags while others change them too, and the first pause between them in milliseconds. */
const TAG_TRIES = 10;
const TAG_PAUSE = 300;

/**
 * What is known of runs and tasks, in Metaflow's metadata service: its REST API of version 2.5, as Metaflow 2.19 calls it.
 * Everything rejects with `STORE_UNREACHABLE`, `STORE_DENIED`, `SERVICE_FAILED`.
 */
export function serviceMetadata(options: ServiceMetadataOptions): Metadata {
  const { user, artifactsIn, clock = Date.now, pause = (ms: number) => delay(ms) } = options;
  const client = serviceClient({ ...options, pause });
  const { location } = client;
  /** Flows, runs, steps and tasks that are known to be there. */
  const there = new Set<string>();
  const beats = taskBeats((path) => client.ask('POST', path, {}, { attempts: 1 }));
  const maker = () => ({ user, now: clock() });

  const ask = async (method: 'GET' | 'POST' | 'PATCH', path: string, body?: unknown): Promise<Answer> => {
    const answer = await client.ask(method, path, body);
    // Told by a missing answer where it may be missing; 409: somebody has made it, perhaps we, and lost the answer.
    if (answer.status < 300 || answer.status === 404 || answer.status === 409) return answer;
    throw client.failed(`${method} ${path}`, answer);
  };
  const get = async <S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S> | undefined> => {
    const answer = await ask('GET', path);
    if (answer.status === 404) return undefined;
    const parsed = schema.safeParse(answer.body);
    if (!parsed.success) throw client.failed(`GET ${path}`, { ...answer, body: z.prettifyError(parsed.error) });
    return parsed.data;
  };
  const runUrl = ({ flow, run }: RunPath): string => `/flows/${flow}/runs/${run}`;
  const stepUrl = (path: Omit<TaskPath, 'task'>): string => `${runUrl(path)}/steps/${path.step}`;
  const taskUrl = (path: TaskPath): string => `${stepUrl(path)}/tasks/${path.task}`;
  const noRun = ({ flow, run }: RunPath): Error => runStoreErrors.RUN_NOT_FOUND({ flow, run, location });
  const noTask = (path: TaskPath): Error => runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(path), location });

  async function ensure(key: string, path: string, body: object, none: () => Error): Promise<void> {
    if (there.has(key)) return;
    const { status } = await ask('POST', path, body);
    if (status === 404) throw none();
    there.add(key);
  }

  async function checkRun(path: RunPath): Promise<void> {
    const key = runPath(path);
    if (there.has(key)) return;
    if ((await ask('GET', runUrl(path))).status === 404) throw noRun(path);
    there.add(key);
  }

  async function checkTask(path: TaskPath): Promise<void> {
    const key = taskPath(path);
    if (there.has(key)) return;
    if ((await ask('GET', taskUrl(path))).status === 404) throw noTask(path);
    there.add(key);
  }

  const infoOf = (flow: string, run: z.infer<typeof Run>): RunInfo => {
    const { run_number, ts_epoch, user_name, tags, system_tags, last_heartbeat_ts: beat } = run;
    const origin = originIn(system_tags ?? []);
    return {
      flow,
      run: run_number,
      createdAt: ts_epoch,
      user: user_name ?? '',
      tags: tags ?? [],
      systemTags: system_tags ?? [],
      // In whole seconds, rounded down: the end of that second.
      ...(beat === null || beat === undefined ? {} : { heartbeatAt: beat * 1000 + 999 }),
      ...(origin === undefined ? {} : { origin }),
    };
  };
  const stubOf = (run: RunPath, { task_id, step_name, ts_epoch }: z.infer<typeof Task>): TaskStub => ({
    path: { ...run, step: step_name, task: task_id },
    createdAt: ts_epoch,
  });

  return {
    kind: 'service',
    location,
    user,
    async createRun(flow, { tags, systemTags, prepare }) {
      await ensure(flowPath(flow), `/flows/${flow}`, { flow_id: flow, ts_epoch: clock() }, () =>
        noRun({ flow, run: '' }),
      );
      const path = `/flows/${flow}/run`;
      const answer = await ask('POST', path, selfJson({ flow }, { ...maker(), tags, systemTags }));
      const made = Run.safeParse(answer.body);
      if (!made.success) throw client.failed(`POST ${path}`, answer);
      const run = made.data.run_number;
      there.add(runPath({ flow, run }));
      await prepare(run);
      return run;
    },
    async createTask(flow, run, step) {
      const path = { flow, run, step };
      const url = stepUrl(path);
      const key = stepPath(path);
      await checkRun(path);
      await ensure(key, `${url}/step`, selfJson(path, maker()), () => noRun(path));
      const answer = await ask('POST', `${url}/task`, selfJson(path, maker()));
      const made = Task.safeParse(answer.body);
      if (!made.success) throw client.failed(`POST ${url}/task`, answer);
      const task = { ...path, task: made.data.task_id };
      there.add(taskPath(task));
      return task;
    },
    checkRun,
    checkTask,
    async beat(path) {
      await checkRun(path);
      await beats.once(`${runUrl(path)}/heartbeat`);
    },
    beginBeats: (task) => beats.begin(`${taskUrl(task)}/heartbeat`),
    endBeats: (task) => beats.end(`${taskUrl(task)}/heartbeat`),
    async register(task, attempt, { facts, artifacts = [] }) {
      const by = { ...maker(), attempt, place: artifactsIn };
      const post = async (path: string, body: readonly object[]): Promise<void> => {
        if (body.length === 0) return;
        const answer = await client.ask('POST', `${taskUrl(task)}/${path}`, body);
        // What it says of a task that it does not know.
        if (answer.status === 400 || answer.status === 404) throw noTask(task);
        if (answer.status >= 300 && answer.status !== 409) throw client.failed(`POST ${taskUrl(task)}/${path}`, answer);
      };
      await post('artifact', artifactsJson(task, artifacts, by));
      await post('metadata', factsJson(task, facts, by));
    },
    async changeTags(path, { add = [], remove = [] }) {
      checkTags(add);
      const body = { tags_to_add: add, tags_to_remove: remove };
      const url = `${runUrl(path)}/tag/mutate`;
      for (let tried = 1; ; tried += 1) {
        const answer = await client.ask('PATCH', url, body);
        if (answer.status < 300) return z.object({ tags: z.array(z.string()) }).parse(answer.body).tags;
        if (answer.status === 404) throw noRun(path);
        if (answer.status === 400 || answer.status === 422) {
          throw runStoreErrors.TAG_REFUSED({ tag: [...remove, ...add].join(', '), problem: textOf(answer.body) });
        }
        if (answer.status !== 409 || tried >= TAG_TRIES) throw client.failed(`PATCH ${url}`, answer);
        await pause(TAG_PAUSE * 1.5 ** tried);
      }
    },
    async flows() {
      const flows = (await get('/flows', z.array(z.looseObject({ flow_id: z.string() })))) ?? [];
      return flows.map(({ flow_id }) => flow_id).sort();
    },
    async run(path) {
      runPath(path);
      const run = await get(runUrl(path), Run);
      if (run) there.add(runPath(path));
      return run && infoOf(path.flow, run);
    },
    async *runs(flow) {
      flowPath(flow);
      const runs = (await get(`/flows/${flow}/runs`, z.array(Run))) ?? [];
      const infos = runs.map((run) => infoOf(flow, run));
      yield* infos.sort((a, b) => b.createdAt - a.createdAt || compareIds(b.run, a.run));
    },
    async tasks(path) {
      runPath(path);
      const [steps] = await Promise.all([
        get(`${runUrl(path)}/steps`, z.array(z.looseObject({ step_name: z.string() }))),
        checkRun(path),
      ]);
      const lists = (steps ?? []).map(({ step_name: step }) =>
        get(`${stepUrl({ ...path, step })}/tasks`, z.array(Task)),
      );
      const stubs = (await Promise.all(lists)).flatMap((tasks = []) => tasks.map((task) => stubOf(path, task)));
      return stubs.sort((a, b) => compareIds(a.path.task, b.path.task) || a.createdAt - b.createdAt);
    },
    async task(path) {
      taskPath(path);
      const task = await get(taskUrl(path), Task);
      if (!task) throw noTask(path);
      return stubOf(path, task);
    },
    async facts(task) {
      await checkTask(task);
      return asFacts((await get(`${taskUrl(task)}/metadata`, z.array(z.unknown()))) ?? []);
    },
    // It has no request for that.
    forget: async () => false,
    cutOrigin: async () => undefined,
    async [Symbol.asyncDispose]() {
      beats.stop();
    },
  };
}
