import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Flow } from '../../compose/flow.ts';
import { flowRunOf } from '../../flow-run.ts';
import { resumeFlow, runFlow } from '../../run-flow.ts';
import { type StoreSpec, openRunStore } from '../../store/open-run-store.ts';
import type { RunStore } from '../../store/run-store.ts';
import { inMemoryRunStore } from '../../store-in-memory.ts';
import { buildFlow } from './build.ts';
import { type Outcome, outcomeOf } from './compare.ts';
import { type Spec, workersFor } from './spec.ts';

/** A place where runs of one spec live, and a way to make them. */
export interface Bench extends AsyncDisposable {
  readonly store: RunStore;
  run(options?: { readonly cache?: boolean }): Promise<Outcome>;
  resume(options?: { readonly from?: string }): Promise<Outcome>;
}

export interface Way {
  readonly name: string;
  /** Steps run in processes of their own, which may die. */
  readonly hasProcesses: boolean;
  open(spec: Spec, seed: number): Promise<Bench>;
}

const module = new URL('./harness-flow.ts', import.meta.url).href;
const program = fileURLToPath(new URL('../../../../bin/smallboat.js', import.meta.url));

/** Steps in this process. */
export function inProcess(name: string, store: () => Promise<RunStore>, maxWorkers: number): Way {
  return {
    name,
    hasProcesses: false,
    async open(spec, seed) {
      const opened = await store();
      return apiBench(buildFlow(spec), opened, {
        seed,
        options: { module, store: opened, maxWorkers: workersFor(spec, maxWorkers) },
      });
    },
  };
}

export const inMemory = (maxWorkers: number): Way =>
  inProcess(`memory, ${maxWorkers} at once`, async () => inMemoryRunStore(), maxWorkers);

export const inFolder = (maxWorkers: number): Way =>
  inProcess(`a folder, ${maxWorkers} at once`, async () => openRunStore({ folder: await aFolder() }), maxWorkers);

/** Steps in processes, on a store that both sides open. */
export function inProcesses(
  maxWorkers: number,
  place: () => Promise<StoreSpec> = async () => ({ folder: await aFolder() }),
): Way {
  return {
    name: `${maxWorkers} processes`,
    hasProcesses: true,
    async open(spec, seed) {
      const where = await place();
      // Workers inherit the environment of the moment that they start in.
      process.env['SMALLBOAT_HARNESS_SPEC'] = await specFile(spec);
      const store = await openRunStore(where);
      return apiBench(buildFlow(spec), store, {
        seed,
        options: { module, store: where, maxWorkers: workersFor(spec, maxWorkers), graceSeconds: 1 },
      });
    },
  };
}

/** The program, as a person calls it. */
export function onCommandLine(maxWorkers: number): Way {
  return {
    name: `the command line, ${maxWorkers} at once`,
    hasProcesses: true,
    async open(spec, seed) {
      const home = await aFolder();
      const env = { ...process.env, SMALLBOAT_HARNESS_SPEC: await specFile(spec) };
      const store = await openRunStore({ folder: home });
      const file = fileURLToPath(module);
      const call = async (...args: string[]): Promise<Outcome> => {
        const fixed = [
          file,
          '--home',
          home,
          '--max-workers',
          String(workersFor(spec, maxWorkers)),
          '--quiet',
          '--json',
        ];
        const problem = await promisify(execFile)(process.execPath, [program, ...args, ...fixed], { env }).then(
          () => undefined,
          (failed: { stderr: string }) => failed.stderr,
        );
        const [latest] = await store.runs(spec.name);
        const run = latest?.run ?? '';
        if (problem !== undefined) {
          return { store, flow: spec.name, run, failed: /^([A-Z_]+): /m.exec(problem)?.[1] ?? problem };
        }
        // The result is read as a reader does that has the run and nothing else.
        const ended = flowRunOf<unknown>({ flow: buildFlow(spec), store, ownsStore: false }, run);
        return { store, flow: spec.name, run, result: await ended.result() };
      };
      return {
        store,
        run: ({ cache } = {}) => call('run', '--seed', String(seed), ...(cache ? ['--cache'] : [])),
        resume: ({ from } = {}) => call('resume', ...(from === undefined ? [] : ['--from', from])),
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
}

function apiBench(
  flow: Flow,
  store: RunStore,
  { seed, options }: { readonly seed: number; readonly options: Parameters<typeof runFlow>[1] },
): Bench {
  return {
    store,
    run: ({ cache = false } = {}) =>
      outcomeOf(store, flow.name, () => runFlow(flow, { ...options, params: { seed }, cache })),
    resume: ({ from } = {}) =>
      outcomeOf(store, flow.name, () => resumeFlow(flow, { ...options, ...(from === undefined ? {} : { from }) })),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const made: string[] = [];

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-harness-'));
  made.push(folder);
  return folder;
}

/** The folders that were made so far; they are nobody's any more. */
export function foldersMade(): string[] {
  return made.splice(0);
}

async function specFile(spec: Spec): Promise<string> {
  const path = join(await aFolder(), 'spec.json');
  await writeFile(path, JSON.stringify(spec));
  return path;
}
