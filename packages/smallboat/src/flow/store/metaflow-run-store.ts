import { artifactBytes, artifactValue } from './artifact-bytes.ts';
import { codeFact, factsAtBegin, factsAtEnd } from './attempt-facts.ts';
import { type BlobFacts, type Blobs, blobsOf, keyOf } from './blobs.ts';
import { cardStore } from './card-store.ts';
import { type NamedBlob, dataJson } from './data-json.ts';
import type { Datastore } from './datastore.ts';
import { foreachStack, pythonText } from './foreach-stack.ts';
import { awaitDeletions } from './gc-intent.ts';
import { graphInfo } from './graph-info.ts';
import { attemptPath, blobPath, checkArtifactName, flowNotePath, notePath, runPath, taskPath } from './layout.ts';
import type { Fact, Metadata } from './metadata.ts';
import type { S3Spec } from './s3/s3-spec.ts';
import { toLogLines } from './mflog.ts';
import { pythonTypeOf } from './python-type.ts';
import type { AttemptReading } from './read-attempts.ts';
import { NOTE_FORMAT, type RunNote, parseRunNote } from './run-note.ts';
import { pathspecOf, runStoreErrors } from './run-store.ts';
import type {
  ArtifactKey,
  ArtifactKeys,
  AttemptEnd,
  CardStore,
  CodePackage,
  NewRun,
  RunInfo,
  RunPath,
  RunStore,
  TagChange,
  TaskFact,
  TaskInfo,
  TaskPath,
  TaskPlace,
} from './run-store.ts';
import { type RunSummary, SUMMARY_FORMAT, parseSummary } from './run-summary.ts';
import { seal } from './seal.ts';
import { systemTagsOf } from './system-tags.ts';
import { checkTags } from './tags.ts';

export interface MetaflowRunStoreOptions {
  readonly datastore: Datastore;
  readonly metadata: Metadata;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

/**
 * The run store that Metaflow's two halves make together, as Metaflow 2.19 does: its Python client reads what is written here, and the
 * runs of Python flows can be read here.
 *
 * What is promised, and how:
 * - A killed process leaves every attempt ended or not ended. All that belongs to an attempt is written before its `DONE.lock`.
 * - A power cut cannot leave an attempt that is ended without its artifacts: their blobs and `data.json` are settled, all at once, before
 *   `DONE.lock` appears. Nothing else is but a run's own description: what is lost then is work to be done again, a log, or metadata that
 *   only Metaflow's readers use. On a local disk a task costs one wait for it.
 * - A blob that an attempt names is not deleted by `collectGarbage`: see `gc-intent.ts`.
 */
export function metaflowRunStore(options: MetaflowRunStoreOptions): RunStore {
  return new MetaflowRunStore(options);
}

/** Loaded when something is read: who only writes, as a worker does, need not wait for zod. */
const readers = () => import('./read-attempts.ts');

/** A class for its life: what it remembers of runs and blobs. */
class MetaflowRunStore implements RunStore {
  readonly location: string;
  readonly user: string;
  readonly s3?: S3Spec;
  readonly cards: CardStore;
  readonly #datastore: Datastore;
  readonly #metadata: Metadata;
  readonly #blobs: Blobs;
  readonly #clock: () => number;
  readonly #notes = new Map<string, RunNote>();
  /** When attempts of this process began, by the path of their first file. */
  readonly #begun = new Map<string, number>();
  #lastMicros = 0;

  constructor({ datastore, metadata, clock }: MetaflowRunStoreOptions) {
    this.#datastore = datastore;
    this.#metadata = metadata;
    this.#blobs = blobsOf(datastore, clock);
    this.#clock = clock;
    this.user = metadata.user;
    if (datastore.spec) this.s3 = datastore.spec;
    this.cards = cardStore(datastore);
    const isOne = metadata.location === datastore.root;
    this.location = isOne ? datastore.root : `${datastore.root} with metadata in ${metadata.location}`;
  }

  async createRun(flow: string, { tags = [], systemTags = [], origin, graph, code }: NewRun = {}): Promise<string> {
    checkTags(tags);
    // First, so that a datastore that takes nothing leaves no run behind that is known and has nothing.
    const graphKey = graph === undefined ? undefined : await this.save(flow, graphInfo(graph));
    return this.#metadata.createRun(flow, {
      tags,
      systemTags: [...systemTags, ...systemTagsOf(origin === undefined ? {} : { origin })],
      prepare: async (run) => {
        const note = {
          ...(origin === undefined ? {} : { origin }),
          ...(graphKey === undefined ? {} : { graphInfo: graphKey }),
          ...(code === undefined ? {} : { code: codeFact(this.#datastore.kind, code) }),
        };
        const path = notePath({ flow, run }, 'smallboat');
        await Promise.all([
          this.#blobs.settle(flow, graphKey === undefined ? [] : [graphKey]),
          this.#datastore.put(path, seal({ format: NOTE_FORMAT, ...note }), { isDurable: true }),
        ]);
        this.#notes.set(path, note);
      },
    });
  }

  createTask(flow: string, run: string, step: string): Promise<TaskPath> {
    return this.#metadata.createTask(flow, run, step);
  }

  beat(flow: string, run: string): Promise<void> {
    return this.#metadata.beat({ flow, run });
  }

  changeTags(run: RunPath, change: TagChange): Promise<readonly string[]> {
    return this.#metadata.changeTags(run, change);
  }

  async beginAttempt(task: TaskPath, attempt: number, place: TaskPlace = {}): Promise<void> {
    const [facts] = await Promise.all([this.#factsAtBegin(task, attempt, place), this.#checkOpen(task, attempt)]);
    const begunAt = this.#clock();
    const path = attemptPath(task, attempt, 'attempt.json');
    await Promise.all([
      this.#metadata.register(task, attempt, { facts }),
      this.#datastore.put(path, JSON.stringify({ time: begunAt / 1000 })),
    ]);
    this.#begun.set(path, begunAt);
    this.#metadata.beginBeats?.(task);
  }

  async save(flow: string, value: unknown): Promise<ArtifactKey> {
    return this.#blobs.save(flow, await artifactBytes(value), { type: pythonTypeOf(value) });
  }

  async saveBytes(flow: string, bytes: Uint8Array): Promise<CodePackage> {
    const key = await this.#blobs.save(flow, [bytes], { type: "<class 'bytes'>", isRaw: true });
    await this.#blobs.settle(flow, [key]);
    return { key, url: `${this.#datastore.root}/${blobPath(flow, key)}` };
  }

  async endAttempt(task: TaskPath, attempt: number, end: AttemptEnd): Promise<void> {
    const { artifacts, hasSucceeded } = end;
    for (const name of Object.keys(artifacts)) checkArtifactName(name);
    const [hidden] = await Promise.all([this.#hidden(task, end), this.#checkOpen(task, attempt)]);
    const blobs = await this.#factsOf(task.flow, { ...hidden, ...artifacts });
    const begun = attemptPath(task, attempt, 'attempt.json');
    const begunAt = this.#begun.get(begun);
    const data = dataJson(blobs, {
      datastore: this.#datastore.kind,
      attempt,
      endedAt: this.#clock(),
      ...(begunAt === undefined ? {} : { begunAt }),
    });
    // All that must not be lost goes to the disk at once: one wait for it, not one a file.
    await Promise.all([
      this.#datastore.put(attemptPath(task, attempt, 'data.json'), data, { isDurable: true }),
      this.#blobs.settle(
        task.flow,
        blobs.map(({ key }) => key),
      ),
      this.#metadata.register(task, attempt, { artifacts: blobs, facts: [] }),
    ]);
    await this.#afterDeletions(task.flow, blobs);
    // For Metaflow's client the attempt has ended with the last of these; for its runtime and for us, with the lock.
    await this.#metadata.register(task, attempt, { facts: factsAtEnd(attempt, hasSucceeded) });
    const isFirst = await this.#datastore.putNew(attemptPath(task, attempt, 'DONE.lock'), '""');
    this.#metadata.endBeats?.(task);
    this.#begun.delete(begun);
    if (!isFirst) throw runStoreErrors.ATTEMPT_ENDED({ task: pathspecOf(task), attempt });
  }

  async adopt(task: TaskPath, attempt: number, { foreach = [], gang }: TaskPlace = {}): Promise<void> {
    const { ended, attemptsBegun } = await this.task(task);
    if (attemptsBegun <= attempt) return;
    const facts = await this.#factsAtBegin(task, attempt, { foreach, ...(gang ? { gang } : {}) });
    await this.#metadata.register(task, attempt, { facts });
    if (ended?.attempt !== attempt) return;
    const artifacts = Object.entries({ ...ended.internals, ...ended.artifacts }).map(([name, key]) => ({ name, key }));
    await this.#metadata.register(task, attempt, { artifacts, facts: factsAtEnd(attempt, ended.hasSucceeded) });
  }

  async appendLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr', text: string): Promise<void> {
    await this.#metadata.checkTask(task);
    if (text === '') return;
    const path = attemptPath(task, attempt, `task_${stream}.log`);
    await this.#datastore.append(path, (tail) => toLogLines(text, tail, (above) => this.#micros(above)));
  }

  async scrubLog(path: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<number> {
    await this.#metadata.checkTask(path);
    const line = `[REDACTED] by ${this.user} at ${new Date(this.#clock()).toISOString()}`;
    const file = { path, attempt, stream };
    return (await import('./task-logs.ts')).replaceLog(this.#datastore, file, { line, micros: this.#micros() });
  }

  async saveCheckpoint(run: RunPath, name: string, key: ArtifactKey): Promise<void> {
    await this.#metadata.checkRun(run);
    await this.#blobs.settle(run.flow, [key]);
    const path = notePath(run, `checkpoints/${encodeURIComponent(name)}`);
    await this.#datastore.put(path, seal({ key, at: this.#clock() }), { isDurable: true });
  }

  checkpoint(run: RunPath, name: string): Promise<ArtifactKey | undefined> {
    return this.#keptKey(notePath(run, `checkpoints/${encodeURIComponent(name)}`));
  }

  async saveSummary(run: RunPath, summary: RunSummary): Promise<void> {
    await this.#metadata.checkRun(run);
    await this.#datastore.put(notePath(run, 'summary'), seal({ format: SUMMARY_FORMAT, ...summary }));
  }

  async summary(run: RunPath): Promise<RunSummary | undefined> {
    return parseSummary(await this.#text(notePath(run, 'summary')));
  }

  async remember(flow: string, name: string, key: ArtifactKey): Promise<void> {
    await this.#blobs.settle(flow, [key]);
    await this.#datastore.put(flowNotePath(flow, `kept/${encodeURIComponent(name)}`), seal({ key }));
  }

  remembered(flow: string, name: string): Promise<ArtifactKey | undefined> {
    return this.#keptKey(flowNotePath(flow, `kept/${encodeURIComponent(name)}`));
  }

  has(flow: string, key: ArtifactKey): Promise<boolean> {
    return this.#blobs.has(flow, key);
  }

  flows(): Promise<readonly string[]> {
    return this.#metadata.flows();
  }

  run(flow: string, run: string): Promise<RunInfo | undefined> {
    return this.#metadata.run({ flow, run });
  }

  async runs(flow: string): Promise<readonly RunInfo[]> {
    const all: RunInfo[] = [];
    for await (const info of this.eachRun(flow)) all.push(info);
    return all;
  }

  eachRun(flow: string): AsyncIterable<RunInfo> {
    return this.#metadata.runs(flow);
  }

  async tasks(flow: string, run: string): Promise<readonly TaskInfo[]> {
    const stubs = await this.#metadata.tasks({ flow, run });
    return (await readers()).readTasks({ flow, run }, stubs, this.#reading(flow));
  }

  async task(path: TaskPath): Promise<TaskInfo> {
    const stub = await this.#metadata.task(path);
    const [names = []] = await this.#datastore.filesIn(taskPath(path), [taskPath(path)]);
    return (await readers()).readTask(stub, names, this.#reading(path.flow));
  }

  facts(task: TaskPath): Promise<readonly TaskFact[]> {
    return this.#metadata.facts(task);
  }

  async load(flow: string, key: ArtifactKey): Promise<unknown> {
    return artifactValue(await this.#blobs.load(flow, key));
  }

  async size(flow: string, key: ArtifactKey): Promise<number> {
    return (await this.#blobs.facts(flow, key)).size;
  }

  loadBytes(flow: string, key: ArtifactKey): Promise<Uint8Array> {
    return this.#blobs.load(flow, key);
  }

  async readLog(task: TaskPath, attempt: number, stream: 'stdout' | 'stderr'): Promise<string> {
    return (await import('./task-logs.ts')).readLogText(this.#datastore, task, attempt, stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#metadata[Symbol.asyncDispose]();
    await this.#datastore[Symbol.asyncDispose]();
  }

  /** Microseconds since 1970, above `above` and never the same twice. */
  #micros(above = 0): number {
    this.#lastMicros = Math.max(this.#lastMicros + 1, above + 1, Math.floor(this.#clock() * 1000));
    return this.#lastMicros;
  }

  #reading(flow: string): AttemptReading {
    return { datastore: this.#datastore, blobs: this.#blobs, nameKey: keyOf([pythonText(flow)]) };
  }

  async #keptKey(path: string): Promise<ArtifactKey | undefined> {
    const text = await this.#text(path);
    return text === undefined ? undefined : (await readers()).parseKept(text, `${this.#datastore.root}/${path}`);
  }

  async #text(path: string): Promise<string | undefined> {
    const bytes = await this.#datastore.get(path);
    return bytes && Buffer.from(bytes).toString('utf8');
  }

  async #checkOpen(task: TaskPath, attempt: number): Promise<void> {
    await this.#metadata.checkTask(task);
    if ((await this.#datastore.stat(attemptPath(task, attempt, 'DONE.lock'))) === undefined) return;
    throw runStoreErrors.ATTEMPT_ENDED({ task: pathspecOf(task), attempt });
  }

  async #note(run: RunPath): Promise<RunNote> {
    const path = notePath(run, 'smallboat');
    const known =
      this.#notes.get(path) ?? parseRunNote(await this.#text(path), `${this.#datastore.root}/${runPath(run)}`);
    this.#notes.set(path, known);
    return known;
  }

  /** What Metaflow's client asks of every task. */
  async #hidden(task: TaskPath, end: AttemptEnd): Promise<ArtifactKeys> {
    const { flow } = task;
    const { hasSucceeded, foreach = [], iterations = [], fansOutOver } = end;
    const save = (value: unknown): Promise<ArtifactKey> => this.save(flow, value);
    const stack = (): Promise<ArtifactKey> =>
      foreach.length === 0 ? save([]) : this.#blobs.save(flow, [foreachStack(foreach)], { type: "<class 'list'>" });
    const [{ graphInfo: graph }, ok, none, frames] = await Promise.all([
      this.#note(task),
      save(hasSucceeded),
      save(null),
      stack(),
    ]);
    return {
      _transition: none,
      _task_ok: ok,
      _success: ok,
      _foreach_stack: frames,
      _exception: none,
      ...(iterations.length === 0 ? {} : { _iteration_stack: await save(iterations) }),
      ...(fansOutOver === undefined
        ? {}
        : { _foreach_var: await save(fansOutOver.variable), _foreach_num_splits: await save(fansOutOver.count) }),
      // The service finds the latest attempt of a task by the artifact of this name.
      ...(this.#metadata.kind === 'service'
        ? { name: await this.#blobs.save(flow, [pythonText(flow)], { type: "<class 'str'>" }) }
        : {}),
      // A key that was made by `save`.
      ...(graph === undefined ? {} : { _graph_info: graph as ArtifactKey }),
    };
  }

  /** Makes sure that none of the blobs that are named now is deleted: see `gc-intent.ts`. */
  async #afterDeletions(flow: string, blobs: readonly NamedBlob[]): Promise<void> {
    const keys = blobs.map(({ key }) => key).filter((key) => !this.#blobs.isFresh(flow, key));
    if (keys.length === 0) return;
    await awaitDeletions(this.#datastore, { flow, keys, clock: this.#clock });
    for (const key of keys) {
      if (!(await this.#blobs.has(flow, key))) {
        throw runStoreErrors.ARTIFACT_NOT_FOUND({ key, location: this.#datastore.root });
      }
    }
  }

  #factsOf(flow: string, artifacts: ArtifactKeys): Promise<readonly NamedBlob[]> {
    const named = async ([name, key]: readonly [string, ArtifactKey]): Promise<NamedBlob> => {
      const facts: BlobFacts = await this.#blobs.facts(flow, key);
      return { name, key, ...facts };
    };
    return Promise.all(Object.entries(artifacts).map(named));
  }

  async #factsAtBegin(
    task: TaskPath,
    attempt: number,
    { foreach = [], copyOf, gang }: TaskPlace,
  ): Promise<readonly Fact[]> {
    const { origin, code } = await this.#note(task);
    const { kind, root } = this.#datastore;
    return factsAtBegin(attempt, {
      foreach,
      ...(copyOf === undefined ? {} : { copyOf }),
      ...(gang ? { gang } : {}),
      origin,
      code,
      kind,
      root,
    });
  }
}
