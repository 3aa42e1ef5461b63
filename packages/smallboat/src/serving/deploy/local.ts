import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { aside, isMissing, isProcessAlive, namesIn, sha256, writeWhole, messageOf } from '../../kernel/index.ts';
import type { ApiKey } from '../keys.ts';
import { newKey } from '../keys.ts';
import type { LocalJob } from './local-main.ts';
import type { Asked, DeployTarget, Deployment, Release } from './target.ts';
import { deployErrors } from './target.ts';

export interface LocalTargetOptions {
  /** Folder for deployments, `<home>/deployments`. */
  readonly folder: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Of a new endpoint; 0 takes any free one, and keeps it. Default 0. */
  readonly port?: number;
  /** Entries of clients' keys; without any everybody on this machine may ask. */
  readonly keys?: readonly ApiKey[];
  /** Time for a process to come up or go down. Default 30. */
  readonly patienceSeconds?: number;
}

const State = z.object({
  pid: z.number(),
  url: z.string(),
  /** The key that changes the model: whoever may read the folder may do so anyhow. */
  adminKey: z.string(),
  /** Folder of the model that was deployed last, and of the one that answered before it. */
  current: z.string(),
  currentVersion: z.string(),
  previous: z.string().exactOptional(),
});
type State = z.infer<typeof State>;

const Up = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('up'), url: z.string(), pid: z.number() }),
  z.object({ kind: z.literal('failed'), problem: z.string() }),
]);

const Models = z.object({
  model: z.string(),
  previous: z.string().exactOptional(),
  canary: z.object({ model: z.string(), share: z.number(), answered: z.number(), failed: z.number() }).exactOptional(),
  lastTrial: z.object({ model: z.string(), end: z.string(), reason: z.string().exactOptional() }).exactOptional(),
});
type Models = z.infer<typeof Models>;

/** Endpoints on this machine, a process each that goes on after the command: its model is changed without a request lost. */
export function localTarget(options: LocalTargetOptions): DeployTarget {
  const { host = '127.0.0.1', port = 0, keys, patienceSeconds = 30 } = options;
  const root = resolve(options.folder);
  const location = `local, ${root}`;
  const at = (name: string, ...more: string[]): string => join(root, name, ...more);

  const read = async (name: string): Promise<State | undefined> => {
    try {
      return State.parse(JSON.parse(await readFile(at(name, 'state.json'), 'utf8')));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  const write = async (name: string, state: State): Promise<void> => {
    await writeWhole(at(name, 'state.json'), `${JSON.stringify(state, undefined, 2)}\n`);
    await chmod(at(name, 'state.json'), 0o600);
  };
  const known = async (name: string): Promise<State> => {
    const state = await read(name);
    if (state === undefined) throw deployErrors.DEPLOYMENT_UNKNOWN({ name, location });
    return state;
  };

  const ask = async (state: State, path: string, order?: object, { traceParent }: Asked = {}): Promise<unknown> => {
    const trace = traceParent === undefined ? {} : { traceparent: traceParent };
    const response = await fetch(`${state.url}${path}`, {
      headers: { 'x-api-key': state.adminKey, 'content-type': 'application/json', ...trace },
      signal: AbortSignal.timeout(patienceSeconds * 1000),
      ...(order === undefined ? {} : { method: 'POST', body: JSON.stringify(order) }),
    });
    const body = (await response.json()) as { readonly reason?: string };
    if (!response.ok) throw new Error(body.reason ?? `it answered ${response.status}`);
    return body;
  };
  /** What the process says of its models; undefined where it does not run. */
  const modelsOf = async (state: State): Promise<Models | undefined> => {
    if (!isProcessAlive(state.pid)) return undefined;
    return ask(state, '/admin/model').then(
      (answer) => Models.parse(answer),
      () => undefined,
    );
  };

  /** Copies the model to a folder of its content: what is served does not change when the other does. */
  const keep = async (release: Release): Promise<string> => {
    const manifest = await readFile(join(release.modelFolder, 'manifest.json'));
    const folder = at(release.name, 'models', sha256(manifest).slice(0, 16));
    const part = aside(folder);
    await cp(release.modelFolder, part, { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(part, folder);
    return folder;
  };
  const removeOthers = async (name: string, kept: readonly (string | undefined)[]): Promise<void> => {
    for (const entry of await namesIn(at(name, 'models'))) {
      const folder = at(name, 'models', entry);
      if (!kept.includes(folder)) await rm(folder, { recursive: true, force: true });
    }
  };

  const startProcess = async ({ name, modelVersion }: Release, modelFolder: string, wanted: number): Promise<State> => {
    const admin = newKey({ name: 'deploy', scopes: ['admin', 'predict', 'feedback', 'metrics'] }, randomBytes);
    await mkdir(at(name), { recursive: true });
    await writeWhole(at(name, 'keys.json'), JSON.stringify({ keys: [admin.entry, ...(keys ?? [])] }));
    await rm(at(name, 'up.json'), { force: true });
    const job: LocalJob = {
      name,
      host,
      port: wanted,
      modelFolder,
      logFolder: at(name, 'predictions'),
      keysFile: at(name, 'keys.json'),
      isOpen: keys === undefined,
      upFile: at(name, 'up.json'),
      textLog: at(name, 'endpoint.log'),
    };
    const main = fileURLToPath(new URL('./local-main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, JSON.stringify(job)], { detached: true, stdio: 'ignore' });
    child.unref();
    for (const end = Date.now() + patienceSeconds * 1000; Date.now() < end; await delay(25)) {
      const text = await readFile(job.upFile, 'utf8').catch(() => '');
      if (text === '') {
        if (child.exitCode !== null) throw new Error(`its process ended with ${child.exitCode}`);
        continue;
      }
      const up = Up.parse(JSON.parse(text));
      if (up.kind === 'failed') throw new Error(up.problem);
      return { pid: up.pid, url: up.url, adminKey: admin.key, current: modelFolder, currentVersion: modelVersion };
    }
    child.kill('SIGKILL');
    throw new Error(`its process was not ready after ${patienceSeconds} s`);
  };

  const describe = async (name: string, state: State): Promise<Deployment> => {
    const models = await modelsOf(state);
    if (models === undefined) {
      return { name, state: 'failed', url: state.url, detail: 'its process does not run; deploy again, or destroy it' };
    }
    const { model, previous, canary, lastTrial } = models;
    const trial =
      canary === undefined
        ? undefined
        : `${canary.model} is tried on ${canary.share * 100} % of requests: ${canary.answered} answered, ${canary.failed} failed`;
    const ended = lastTrial === undefined ? undefined : `${lastTrial.model} was ${lastTrial.end}`;
    const detail = trial ?? (lastTrial?.reason === undefined ? ended : `${ended}: ${lastTrial.reason}`);
    return {
      name,
      state: canary === undefined ? 'up' : 'trial',
      url: state.url,
      modelVersion: model,
      ...(previous === undefined ? {} : { previous }),
      ...(detail === undefined ? {} : { detail }),
    };
  };

  const stopProcess = async (pid: number): Promise<void> => {
    if (!isProcessAlive(pid)) return;
    process.kill(pid, 'SIGTERM');
    for (const end = Date.now() + patienceSeconds * 1000; isProcessAlive(pid); await delay(25)) {
      if (Date.now() > end) process.kill(pid, 'SIGKILL');
    }
  };

  return {
    location,
    async deploy(release, { canary, say }) {
      const { name } = release;
      const before = await read(name);
      try {
        const folder = await keep(release);
        const models = before === undefined ? undefined : await modelsOf(before);
        if (before === undefined || models === undefined) {
          // A port that it had is kept: clients know it.
          const wanted = before === undefined ? port : Number(new URL(before.url).port);
          const state = await startProcess(release, folder, wanted);
          await write(name, state);
          await removeOthers(name, [folder]);
          say(`Endpoint ${name} answers at ${state.url}`);
          return await describe(name, state);
        }
        const { seconds: _, ...rule } = canary ?? {};
        await ask(before, '/admin/model', { folder, ...(canary === undefined ? {} : { canary: rule }) });
        // A trial may have ended badly since: then what was deployed last is not what answers.
        const answering = models.model === before.currentVersion ? before.current : (before.previous ?? before.current);
        const state: State = {
          ...before,
          current: folder,
          currentVersion: release.modelVersion,
          ...(folder === answering ? {} : { previous: answering }),
        };
        await write(name, state);
        await removeOthers(name, [folder, state.previous]);
        return await describe(name, state);
      } catch (cause) {
        const problem = messageOf(cause);
        if (before === undefined) await rm(at(name), { recursive: true, force: true });
        throw deployErrors.DEPLOY_FAILED({ name, location, problem }, { cause });
      }
    },
    async predict(name, session, asked) {
      const answer = await ask(await known(name), `/predict?session=${session.join(',')}`, undefined, asked);
      return z.object({ prediction: z.number() }).parse(answer).prediction;
    },
    async status(name) {
      const state = await read(name);
      return state === undefined ? { name, state: 'absent' } : describe(name, state);
    },
    async logs(name, lines) {
      await known(name);
      const text = await readFile(at(name, 'endpoint.log'), 'utf8').catch(() => '');
      return text.split('\n').filter(Boolean).slice(-lines);
    },
    async rollback(name) {
      const state = await known(name);
      const models = await modelsOf(state);
      if (models?.canary !== undefined || models?.previous !== undefined) {
        await ask(state, '/admin/model', { rollback: true });
      } else if (state.previous !== undefined && models !== undefined) {
        await ask(state, '/admin/model', { folder: state.previous });
      } else throw deployErrors.NO_PREVIOUS_MODEL({ name, location });
      const { previous, ...rest } = state;
      const described = await describe(name, state);
      const currentVersion = described.modelVersion ?? state.currentVersion;
      await write(name, { ...rest, current: previous ?? state.current, currentVersion });
      return described;
    },
    async destroy(name) {
      const state = await read(name);
      if (state !== undefined) await stopProcess(state.pid);
      await rm(at(name), { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {},
  };
}
