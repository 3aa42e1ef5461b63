import { existsSync, readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { sha256 } from '../../kernel/index.ts';
import { readConfigs } from '../config-value.ts';
import type { Dag, StepNode } from '../definition.ts';
import type { InputSpec, Job } from '../engine/job.ts';
import type { FinishedTask } from '../engine/origin.ts';
import { ArrowNeeded } from '../store/arrow-table.ts';
import { encodePickle } from '../store/pickle-encode.ts';
import { type ArtifactKey, type RunStore, type TaskPath, runStoreErrors } from '../store/run-store.ts';
import type { CacheRecord, KeyParts } from './cache-record.ts';
import { type StepCode, codeOfSteps } from './code-of-steps.ts';

/** Finds tasks that need not be run, because the same was run before, in any run of the flow. */
export interface TaskCache {
  /** Undefined for a step that is not to be cached. */
  keyOf(node: StepNode, job: Pick<Job, 'inputs' | 'environment'>): Promise<CacheRecord | undefined>;
  /** What a task with this key made; undefined where none did, or where some of it is gone. */
  recall(key: string): Promise<(FinishedTask & { readonly from: TaskPath }) | undefined>;
  remember(key: string, task: FinishedTask, path: TaskPath): Promise<void>;
}

/** What is kept under a key. Plain data. */
interface Remembered extends FinishedTask {
  readonly from: TaskPath;
}

/** Reads the code of a flow's steps. Rejects with `CODE_UNREADABLE`. */
export async function openTaskCache(store: RunStore, dag: Dag): Promise<TaskCache> {
  const [codes, files] = await Promise.all([codeOfSteps(dag), filesOfSteps(dag)]);
  const lock = lockFileHash(dag);
  const config = hashOf(readConfigs().map(({ name, value }) => [name, value]));
  const node = process.versions.node.split('.')[0] ?? '';
  const lists = new Map<ArtifactKey, Promise<unknown>>();
  /** A list that is fanned out over is read once, and its elements told apart by what they are: a longer list has the same first ones. */
  const elementOf = async (key: ArtifactKey, index: number): Promise<unknown> => {
    const list = lists.get(key) ?? store.load(dag.flow, key);
    lists.set(key, list);
    const value = await list;
    return Array.isArray(value) ? value[index] : undefined;
  };
  const inputsOf = async (step: StepNode, specs: Job['inputs']): Promise<Record<string, string>> => {
    const hashes = Object.entries(specs).map(async ([name, spec]) => {
      const content = await contentOf(spec, { wired: step.inputs[name], dag, elementOf });
      return [name, hashOf(content)] as const;
    });
    return Object.fromEntries(await Promise.all(hashes));
  };
  return {
    async keyOf(step, { inputs, environment }) {
      const code: StepCode | undefined = codes.get(step.name);
      if (step.options.cache === false || !code) return undefined;
      const parts: KeyParts = {
        code: code.hash,
        codeFiles: code.files,
        files: files.get(step.name) ?? {},
        inputs: await inputsOf(step, inputs),
        environment: hashOf(Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))),
        config,
        lock,
        node,
      };
      // A comment in a file of code changes the file, and nothing of what the step does.
      return { key: hashOf([step.name, { ...parts, codeFiles: {} }]), parts };
    },
    async recall(key) {
      const kept = await store.remembered(dag.flow, key);
      if (!kept) return undefined;
      try {
        const task = (await store.load(dag.flow, kept)) as Remembered; // Written below.
        // All of it must be there still: retention may have deleted the run that made it.
        const isThere = await Promise.all(Object.values(task.stored).map((artifact) => store.has(dag.flow, artifact)));
        return isThere.every(Boolean) ? task : undefined;
      } catch (error) {
        if (runStoreErrors.ARTIFACT_NOT_FOUND.is(error) || runStoreErrors.ARTIFACT_CORRUPT.is(error)) return undefined;
        throw error;
      }
    },
    async remember(key, task, from) {
      await store.remember(dag.flow, key, await store.save(dag.flow, { ...task, from }));
    },
  };
}

interface ContentSources {
  readonly wired?: StepNode['inputs'][string] | undefined;
  readonly dag: Dag;
  readonly elementOf: (key: ArtifactKey, index: number) => Promise<unknown>;
}

/** What an input is, by content: keys of artifacts, and values that stand in the module. */
async function contentOf(spec: InputSpec, from: ContentSources): Promise<unknown> {
  const { wired, dag, elementOf } = from;
  const region = (id: string): Dag['regions'][number] | undefined => dag.regions.find((r) => r.id === id);
  switch (spec.kind) {
    case 'artifact':
      return spec.key;
    case 'object':
      return Object.entries(spec.artifacts).sort(([a], [b]) => (a < b ? -1 : 1));
    case 'list':
      return Promise.all(spec.items.map((item) => contentOf(item, { dag, elementOf })));
    case 'element':
      if (spec.of.kind === 'artifact') return elementOf(spec.of.key, spec.index);
      return [await contentOf(spec.of, { dag, elementOf }), spec.index];
    case 'constElement': {
      const each = region(spec.each);
      const over = each?.kind === 'each' && each.over.kind === 'const' ? each.over.value : undefined;
      return Array.isArray(over) ? over[spec.index] : undefined;
    }
    case 'initial': {
      const repeat = region(spec.repeat);
      const initial = repeat?.kind === 'repeat' ? repeat.initial[spec.key] : undefined;
      return initial?.kind === 'const' ? initial.value : undefined;
    }
    case 'const':
      return wired?.kind === 'const' ? wired.value : undefined;
    case 'absent':
      break;
  }
  return undefined;
}

/** By the bytes that a store would keep, which are the same for equal values; what no store keeps is told by the code that makes it. */
function hashOf(value: unknown): string {
  try {
    return sha256(Buffer.concat(encodePickle(value)));
  } catch (error) {
    if (error instanceof ArrowNeeded) return 'an Arrow table';
    if (error instanceof Error && 'code' in error && error.code === 'VALUE_NOT_STORABLE') return 'not storable';
    throw error;
  }
}

/** Hashes of the files that steps say they read. */
async function filesOfSteps(dag: Dag): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const found = await Promise.all(
    dag.steps.map(async ({ name, options, site }) => {
      const cwd = site ? dirname(site.file) : process.cwd();
      const paths: string[] = [];
      for (const pattern of options.files ?? []) {
        for await (const entry of glob(pattern, { cwd, withFileTypes: true })) {
          if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
        }
      }
      const hashes = paths.sort().map((path) => [path, sha256(readFileSync(path))] as const);
      return [name, Object.fromEntries(hashes)] as const;
    }),
  );
  return new Map(found);
}

const LOCK_FILES = ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock'];

/** The lock file nearest above the flow's steps; without one, nothing. */
function lockFileHash(dag: Dag): string {
  const file = dag.steps.find(({ site }) => site)?.site?.file;
  for (let folder = file === undefined ? '' : dirname(file); folder !== '';) {
    for (const name of LOCK_FILES) {
      const path = resolve(folder, name);
      if (existsSync(path)) return sha256(readFileSync(path));
    }
    const above = dirname(folder);
    folder = above === folder ? '' : above;
  }
  return 'none';
}
