import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flowPath, runPath, stepPath, taskPath } from './layout.ts';
import type { ArtifactPlace, Fact, Metadata, NewRunInfo, RegisteredArtifact, TaskStub } from './metadata.ts';
import { artifactsJson, factsJson, selfJson } from './metadata-json.ts';
import type { Maker } from './metadata-json.ts';
import { claimNumber } from './run-ids.ts';
import { pathspecOf, runStoreErrors } from './run-store.ts';
import type { RunInfo, RunPath, TagChange, TaskFact, TaskPath } from './run-store.ts';
import { seal } from './seal.ts';
import { exists, namesIn, writeSmall, writeText } from './store-file.ts';

export interface LocalMetadataOptions {
  /** The absolute path of `.metaflow`; made when the first run is. */
  readonly root: string;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Where the artifacts lie that are registered here. */
  readonly artifactsIn: ArtifactPlace;
}

/** Loaded when something is read: who only writes, as a worker does, need not wait for zod. */
const reader = () => import('./read-local-metadata.ts');

/** Metaflow's local metadata: files in the folder `.metaflow`. */
export function localMetadata(options: LocalMetadataOptions): Metadata {
  return new LocalMetadata(options);
}

/** A class for its life: the ids that it gave. */
class LocalMetadata implements Metadata {
  readonly kind = 'local';
  readonly location: string;
  readonly user: string;
  readonly #clock: () => number;
  readonly #place: ArtifactPlace;
  readonly #nextTask = new Map<string, number>();
  #lastMicros = 0;

  constructor({ root, user, clock, artifactsIn }: LocalMetadataOptions) {
    this.location = root;
    this.user = user;
    this.#clock = clock;
    this.#place = artifactsIn;
  }

  async createRun(flow: string, { tags, systemTags, prepare }: NewRunInfo): Promise<string> {
    const folder = this.#at(flowPath(flow));
    const maker = this.#maker();
    const micros = Math.max(this.#lastMicros + 1, Math.floor(this.#clock() * 1000));
    const id = claimNumber(this.#at('.runs'), micros, flow);
    this.#lastMicros = id;
    const run = String(id);
    const flowSelf = join(folder, '_meta/_self.json');
    await Promise.all([
      prepare(run),
      exists(flowSelf) ? undefined : writeText(flowSelf, seal(selfJson({ flow }, maker))),
    ]);
    const self = selfJson({ flow, run }, { ...maker, tags, systemTags });
    await writeText(join(this.#at(runPath({ flow, run })), '_meta/_self.json'), seal(self));
    writeSmall(folder, { latest_run: run });
    return run;
  }

  async createTask(flow: string, run: string, step: string): Promise<TaskPath> {
    const folder = this.#at(stepPath({ flow, run, step }));
    await this.checkRun({ flow, run });
    const claims = join(this.#at(runPath({ flow, run })), '_meta/tasks');
    const from = this.#nextTask.get(claims) ?? (await namesIn(claims)).length;
    const id = claimNumber(claims, from, step);
    this.#nextTask.set(claims, Math.max(id + 1, this.#nextTask.get(claims) ?? 0));
    const path = { flow, run, step, task: String(id) };
    const maker = this.#maker();
    if (!exists(join(folder, '_meta/_self.json'))) {
      writeSmall(join(folder, '_meta'), { '_self.json': JSON.stringify(selfJson({ flow, run, step }, maker)) });
    }
    writeSmall(this.#meta(path), { '_self.json': JSON.stringify(selfJson(path, maker)) });
    return path;
  }

  async checkRun({ flow, run }: RunPath): Promise<void> {
    if (existsSync(join(this.#at(runPath({ flow, run })), '_meta/_self.json'))) return;
    throw runStoreErrors.RUN_NOT_FOUND({ flow, run, location: this.location });
  }

  async checkTask(task: TaskPath): Promise<void> {
    if (existsSync(this.#meta(task))) return;
    throw runStoreErrors.TASK_NOT_FOUND({ task: pathspecOf(task), location: this.location });
  }

  async beat(run: RunPath): Promise<void> {
    await this.checkRun(run);
    writeSmall(join(this.#at(runPath(run)), '_meta'), { heartbeat: String(this.#clock()) });
  }

  async register(
    task: TaskPath,
    attempt: number,
    { facts, artifacts = [] }: { readonly facts: readonly Fact[]; readonly artifacts?: readonly RegisteredArtifact[] },
  ): Promise<void> {
    const by = { ...this.#maker(), attempt, place: this.#place };
    const artifactFiles = artifactsJson(task, artifacts, by).map((json, i) => [
      `${attempt}_artifact_${artifacts[i]?.name ?? ''}.json`,
      JSON.stringify(json),
    ]);
    const factFiles = factsJson(task, facts, by).map((json, i) => [
      `sysmeta_${facts[i]?.field ?? ''}_${by.now}.json`,
      JSON.stringify(json),
    ]);
    writeSmall(this.#meta(task), Object.fromEntries([...artifactFiles, ...factFiles]));
  }

  async changeTags(run: RunPath, change: TagChange): Promise<readonly string[]> {
    return (await import('./change-local-tags.ts')).changeLocalTags(this.location, run, change);
  }

  async flows(): Promise<readonly string[]> {
    return (await reader()).readFlows(this.location);
  }

  async run(path: RunPath): Promise<RunInfo | undefined> {
    return (await reader()).readRun(this.location, path);
  }

  async *runs(flow: string): AsyncIterable<RunInfo> {
    yield* (await reader()).readRuns(this.location, flow);
  }

  async tasks(run: RunPath): Promise<readonly TaskStub[]> {
    await this.checkRun(run);
    return (await reader()).readTaskStubs(this.location, run);
  }

  async task(path: TaskPath): Promise<TaskStub> {
    await this.checkTask(path);
    return (await reader()).readTaskStub(this.location, path);
  }

  async facts(task: TaskPath): Promise<readonly TaskFact[]> {
    await this.checkTask(task);
    return (await reader()).readFacts(this.location, task);
  }

  async forget(run: RunPath): Promise<boolean> {
    const folder = this.#at(runPath(run));
    // With this nobody sees it any more; the rest is litter until it is gone.
    await rm(join(folder, '_meta/_self.json'), { force: true });
    for (const step of await namesIn(folder)) {
      if (step === '_meta') continue;
      for (const task of await namesIn(join(folder, step))) {
        await rm(join(folder, step, task, '_meta'), { recursive: true, force: true });
      }
      await rm(join(folder, step, '_meta'), { recursive: true, force: true });
    }
    await rm(join(folder, '_meta'), { recursive: true, force: true });
    await rm(join(this.#at('.runs'), run.run), { force: true });
    await (await reader()).renameLatest(this.location, run);
    return true;
  }

  async cutOrigin(run: RunPath): Promise<void> {
    const folder = this.#at(runPath(run));
    for (const step of await namesIn(folder)) {
      if (step === '_meta') continue;
      for (const task of await namesIn(join(folder, step))) {
        const meta = join(folder, step, task, '_meta');
        const facts = (await namesIn(meta)).filter((name) => name.startsWith('sysmeta_origin-task-id_'));
        for (const name of facts) await rm(join(meta, name), { force: true });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held open between calls.
  }

  #maker(): Maker {
    return { user: this.user, now: this.#clock() };
  }

  #at(path: string): string {
    return join(this.location, path);
  }

  #meta(task: TaskPath): string {
    return join(this.#at(taskPath(task)), '_meta');
  }
}
