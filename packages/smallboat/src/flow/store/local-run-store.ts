import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { blobStore } from './blob-store.ts';
import type { BlobStore } from './blob-store.ts';
import { graphInfo } from './graph-info.ts';
import { checkArtifactName, layoutOf } from './layout.ts';
import type { Layout } from './layout.ts';
import { artifactFiles, dataJson, factFiles, selfJson } from './metadata-files.ts';
import type { Fact, Maker, NamedBlob } from './metadata-files.ts';
import { toLogLines } from './mflog.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle } from './pickle-encode.ts';
import { pythonTypeOf } from './python-type.ts';
import { type RunExtra, readRunExtra } from './run-extra.ts';
import { claimNumber } from './run-ids.ts';
import { pathspecOf, runStoreErrors } from './run-store.ts';
import type { ArtifactKey, ArtifactKeys, NewRun, RunPath, RunStore, TaskInfo, TaskPath } from './run-store.ts';
import { appendText, exists, namesIn, writeJson, writeSmall } from './store-file.ts';

/** A blob that no attempt claimed in this time belongs to a process that was killed: 7 days, in milliseconds. */
const UNCLAIMED_FOR = 7 * 864e5;

export interface RunStoreOptions {
  /** The folder that `.metaflow` lies in, or will: made when the first run is. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
  /** Who makes the runs: Metaflow's tag `user:<name>`, and its client's default namespace. By default the user of the process. */
  readonly user?: string;
}

/**
 * The run store that is a folder, in the layout of Metaflow 2.19's local datastore and local metadata: its Python client
 * reads what is written here (with `METAFLOW_DATASTORE_SYSROOT_LOCAL` set to `folder`), and the runs of Python flows can be read here.
 *
 * What is promised, and how:
 * - A killed process leaves every attempt ended or not ended. All that belongs to an attempt is written before its
 *   `DONE.lock`, each file aside and renamed.
 * - A power cut cannot leave an attempt that is ended without its artifacts: their blobs and `data.json` are flushed, all at once, before
 *   `DONE.lock` appears. Nothing else is flushed but a run's own description: what is lost then is work to be done again, a log, or metadata that
 *   only Metaflow's readers use. A task costs one wait for the disk.
 * - Processes may share a store. Ids are claimed by files that only one process can make.
 */
export function localRunStore({ folder, clock = Date.now, user = processUser() }: RunStoreOptions): RunStore {
  return new LocalRunStore(layoutOf(join(resolve(folder), '.metaflow')), clock, user);
}

/** Loaded when something is read: who only writes, as a worker does, need not wait for zod. */
const readers = () => import('./read-tasks.ts');

function processUser(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A process may run under a number that no name belongs to, as in containers.
    if (error instanceof Error && 'syscall' in error) return 'unknown';
    throw error;
  }
}

/** A name of any characters as that of a file. */
function keptName(name: string): string {
  return `${encodeURIComponent(name)}.json`;
}

/** A class for its life: what it remembers of runs and tasks. */
class LocalRunStore implements RunStore {
  readonly location: string;
  readonly user: string;
  readonly #layout: Layout;
  readonly #blobs: BlobStore;
  readonly #clock: () => number;
  readonly #nextTask = new Map<string, number>();
  readonly #extras = new Map<string, RunExtra>();
  #lastMicros = 0;

  constructor(layout: Layout, clock: () => number, user: string) {
    this.#layout = layout;
    this.location = layout.root;
    this.#blobs = blobStore(layout);
    this.#clock = clock;
    this.user = user;
  }

  async createRun(flow: string, { tags = [], systemTags = [], origin, graph }: NewRun = {}): Promise<string> {
    const layout = this.#layout;
    const folder = layout.flow(flow);
    const maker = this.#maker();
    const run = String(claimNumber(layout.runClaims, this.#micros(), flow));
    const graphKey = graph === undefined ? undefined : await this.save(graphInfo(graph));
    const extra = {
      ...(origin === undefined ? {} : { origin }),
      ...(graphKey === undefined ? {} : { graphInfo: graphKey }),
    };
    if (graphKey !== undefined) await this.#blobs.claim(flow, graphKey);
    const flowSelf = join(folder, '_meta/_self.json');
    if (!exists(flowSelf)) await writeJson(flowSelf, selfJson({ flow }, { ...maker, systemTags }));
    const meta = join(layout.run(flow, run), '_meta');
    await writeJson(join(meta, 'smallboat.json'), extra);
    await writeJson(join(meta, '_self.json'), selfJson({ flow, run }, { ...maker, tags, systemTags }));
    writeSmall(folder, { latest_run: run });
    const now = (await stat(join(folder, 'latest_run'))).mtimeMs;
    await this.#blobs.prune(now - UNCLAIMED_FOR);
    return run;
  }

  async createTask(flow: string, run: string, step: string): Promise<TaskPath> {
    const layout = this.#layout;
    const folder = layout.step({ flow, run, step });
    this.#checkRun(flow, run);
    const claims = join(layout.run(flow, run), '_meta/tasks');
    const from = this.#nextTask.get(claims) ?? (await namesIn(claims)).length;
    const id = claimNumber(claims, from, step);
    this.#nextTask.set(claims, Math.max(id + 1, this.#nextTask.get(claims) ?? 0));
    const path = { flow, run, step, task: String(id) };
    const maker = this.#maker();
    if (!exists(join(folder, '_meta/_self.json'))) {
      writeSmall(join(folder, '_meta'), { '_self.json': JSON.stringify(selfJson({ flow, run, step }, maker)) });
    }
    writeSmall(join(layout.task(path), '_meta'), { '_self.json': JSON.stringify(selfJson(path, maker)) });
    return path;
  }

  async beat(flow: string, run: string): Promise<void> {
    this.#checkRun(flow, run);
    writeSmall(join(this.#layout.run(flow, run), '_meta'), { heartbeat: String(this.#clock()) });
  }

  async beginAttempt(task: TaskPath, attempt: number): Promise<void> {
    this.#checkOpen(task, attempt);
    const { origin } = await this.#extra(task);
    const facts: readonly Fact[] = [
      { field: 'attempt', value: String(attempt) },
      ...(origin === undefined ? [] : [{ field: 'origin-run-id', value: origin }]),
      { field: 'ds-type', value: 'local' },
      { field: 'ds-root', value: this.#layout.root },
    ];
    const maker = this.#maker();
    const folder = this.#layout.task(task);
    writeSmall(join(folder, '_meta'), factFiles(task, facts, { ...maker, attempt }));
    writeSmall(folder, { [`${attempt}.attempt.json`]: JSON.stringify({ time: maker.now / 1000 }) });
  }

  async save(value: unknown): Promise<ArtifactKey> {
    return this.#blobs.save(encodePickle(value), pythonTypeOf(value));
  }

  async endAttempt(
    task: TaskPath,
    attempt: number,
    { artifacts, hasSucceeded }: { readonly artifacts: ArtifactKeys; readonly hasSucceeded: boolean },
  ): Promise<void> {
    for (const name of Object.keys(artifacts)) checkArtifactName(name);
    this.#checkOpen(task, attempt);
    const all = { ...(await this.#hidden(task, hasSucceeded)), ...artifacts };
    const blobs = await Promise.all(
      Object.entries(all).map(async ([name, key]): Promise<NamedBlob> => ({
        name,
        key,
        ...(await this.#blobs.facts(key)),
      })),
    );
    const by = { ...this.#maker(), attempt, root: this.#layout.root };
    // All that must not be lost goes to the disk at once: one wait for it, not one a file.
    await Promise.all([
      writeJson(this.#file(task, attempt, 'data.json'), dataJson(attempt, blobs, by.now)),
      ...[...new Set(Object.values(all))].map((key) => this.#blobs.claim(task.flow, key)),
    ]);
    const isOk = { field: 'attempt_ok', type: 'internal_attempt_status', value: hasSucceeded ? 'True' : 'False' };
    const isDone = { field: 'attempt-done', value: String(attempt) };
    // For Metaflow's client the attempt has ended with the last of these; for its runtime and for us, with the lock.
    const files = { ...artifactFiles(task, blobs, by), ...factFiles(task, [isOk, isDone], by) };
    writeSmall(join(this.#layout.task(task), '_meta'), files);
    writeSmall(this.#layout.task(task), { [`${attempt}.DONE.lock`]: '""' });
  }

  async appendLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr', text: string): Promise<void> {
    const path = this.#file(task, attempt, `task_${stream}.log`);
    this.#checkTask(task);
    if (text !== '') appendText(path, (tail) => toLogLines(text, tail, (above) => this.#micros(above)));
  }

  async saveCheckpoint({ flow, run }: RunPath, name: string, key: ArtifactKey): Promise<void> {
    this.#checkRun(flow, run);
    await this.#blobs.claim(flow, key);
    await writeJson(this.#checkpointFile({ flow, run }, name), { key, at: this.#clock() });
  }

  async checkpoint(run: RunPath, name: string): Promise<ArtifactKey | undefined> {
    return (await readers()).readCheckpoint(this.#checkpointFile(run, name));
  }

  async remember(flow: string, name: string, key: ArtifactKey): Promise<void> {
    await this.#blobs.claim(flow, key);
    writeSmall(join(this.#layout.flow(flow), '_meta/kept'), { [keptName(name)]: JSON.stringify({ key }) });
  }

  async remembered(flow: string, name: string): Promise<ArtifactKey | undefined> {
    return (await readers()).readCheckpoint(join(this.#layout.flow(flow), '_meta/kept', keptName(name)));
  }

  async has(key: ArtifactKey): Promise<boolean> {
    return this.#blobs.has(key);
  }

  async flows(): Promise<readonly string[]> {
    return (await readers()).readFlows(this.#layout);
  }

  async runs(flow: string): ReturnType<RunStore['runs']> {
    return (await readers()).readRuns(this.#layout, flow);
  }

  async tasks(flow: string, run: string): ReturnType<RunStore['tasks']> {
    return (await readers()).readTasks(this.#layout, this.#blobs, flow, run);
  }

  async task(path: TaskPath): Promise<TaskInfo> {
    this.#checkTask(path);
    const info = await (await readers()).readTask(this.#layout, this.#blobs, path);
    if (!info) throw runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(path), location: this.location });
    return info;
  }

  async load(key: ArtifactKey): Promise<unknown> {
    return decodePickle(await this.#blobs.load(key));
  }

  async readLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<string> {
    return (await readers()).readLogText(this.#layout, task, attempt, stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  #maker(): Maker {
    return { user: this.user, now: this.#clock() };
  }

  /** Microseconds since 1970, above `above` and never the same twice. */
  #micros(above = 0): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, above + 1, Math.floor(this.#clock() * 1000));
    return this.#lastMicros;
  }

  #file(task: TaskPath, attempt: number, name: string): string {
    return join(this.#layout.task(task), `${attempt}.${name}`);
  }

  #checkpointFile({ flow, run }: RunPath, name: string): string {
    return join(this.#layout.run(flow, run), '_meta/checkpoints', keptName(name));
  }

  #checkRun(flow: string, run: string): void {
    if (!exists(join(this.#layout.run(flow, run), '_meta/_self.json'))) {
      throw runStoreErrors.RUN_NOT_FOUND({ flow, run, location: this.location });
    }
  }

  #checkTask(task: TaskPath): void {
    if (exists(join(this.#layout.task(task), '_meta'))) return;
    throw runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(task), location: this.location });
  }

  #checkOpen(task: TaskPath, attempt: number): void {
    this.#checkTask(task);
    const name = pathspecOf(task);
    if (exists(this.#file(task, attempt, 'DONE.lock'))) throw runStoreErrors.ATTEMPT_ENDED({ task: name, attempt });
  }

  async #extra({ flow, run }: TaskPath): Promise<RunExtra> {
    const path = join(this.#layout.run(flow, run), '_meta/smallboat.json');
    const known = this.#extras.get(path) ?? (await readRunExtra(path));
    this.#extras.set(path, known);
    return known;
  }

  /** What Metaflow's client asks of every task. */
  async #hidden(task: TaskPath, hasSucceeded: boolean): Promise<ArtifactKeys> {
    const { graphInfo } = await this.#extra(task);
    const [ok, none, stack] = await Promise.all([this.save(hasSucceeded), this.save(null), this.save([])]);
    return {
      _transition: none,
      _task_ok: ok,
      _success: ok,
      _foreach_stack: stack,
      _exception: none,
      // A key that was made by `save`.
      ...(graphInfo === undefined ? {} : { _graph_info: graphInfo as ArtifactKey }),
    };
  }
}
