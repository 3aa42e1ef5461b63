import { join } from 'node:path';
import type { Flow } from '../compose/flow.ts';
import type { StepNode } from '../definition.ts';
import { isArtifactName } from '../names.ts';
import { runDisplay } from '../run-display.ts';
import { runErrors } from '../run-flow.ts';
import { type SpinOptions, type Spun, spinErrors } from '../spin.ts';
import { openRunStore } from '../store/open-run-store.ts';
import { type ArtifactKeys, type RunStore, type TaskPath, pathspecOf, runStoreErrors } from '../store/run-store.ts';
import { attempts } from './attempts.ts';
import { environmentOf } from './environment.ts';
import type { RunEvent } from './events.ts';
import { Halted } from './halted.ts';
import { type InputSpec, taskName } from './job.ts';
import { places } from './places.ts';
import { processPool } from './process-pool.ts';
import { RECORD, type TaskRecord, asTaskRecord, graphOf } from './record.ts';
import { runGraphOf } from './run-graph.ts';

/** `spin`, by the step's name. */
export async function spinTask(flow: Flow, step: string, options: SpinOptions<object>): Promise<Spun<object>> {
  const dag = flow.dag();
  const node = dag.steps.find(({ name }) => name === step);
  if (!node) {
    const known = dag.steps.map(({ name }) => name).join(', ');
    throw runErrors.STEP_NOT_IN_FLOW({ flow: flow.name, step, known });
  }
  const into = { ...(options.into ?? { folder: join(options.store.folder, 'spin') }), behind: options.store };
  await using past = await openRunStore(options.store);
  await using store = await openRunStore(into);
  const before = await taskBefore(past, { flow: flow.name, step }, options);
  const inputs = await inputsOf(store, { node, flow: flow.name }, before.record, options.inputs ?? {});
  const display = options.io
    ? runDisplay(options.io, { ...dag, steps: [node] }, { showsLogs: options.showsLogs ?? true })
    : undefined;
  const emit = (event: RunEvent): void => {
    display?.(event);
    options.onEvent?.(event);
  };
  const environment = environmentOf({ ...dag, steps: [node] }, options.io?.env ?? process.env);
  const run = await store.createRun(flow.name, {
    graph: runGraphOf(graphOf(dag, flow.options)),
    systemTags: [`spin:${pathspecOf(before.path)}`],
  });
  const module = options.module instanceof URL ? options.module.href : options.module;
  await using workers = processPool({
    module,
    flow: flow.name,
    storeSpec: into,
    store,
    maxWorkers: 1,
    tellsLogs: options.io !== undefined || options.onEvent !== undefined,
  });
  const task = taskName(step, before.record.index);
  emit({ kind: 'tasksKnown', step, count: 1 });
  try {
    const done = await attempts(
      node,
      {
        step,
        index: before.record.index,
        ...(before.record.gang ? { gang: before.record.gang } : {}),
        inputs,
        environment: environment[step] ?? {},
        measure: [],
        tags: [],
        ...(node.options.secrets ? { secrets: node.options.secrets } : {}),
      },
      {
        name: task,
        flow: flow.name,
        run,
        store,
        workers,
        slots: places(1),
        emit,
        ...(options.signal ? { signal: options.signal } : {}),
        checkHalted: () => options.signal?.throwIfAborted(),
        halt: (how) => how,
      },
    );
    const made = Object.entries(done.artifacts).map(
      async ([name, key]) => [name, await store.load(flow.name, key)] as const,
    );
    return {
      before: before.path,
      path: done.path,
      artifacts: done.artifacts,
      made: Object.fromEntries(await Promise.all(made)),
      changed: changesBetween(before.artifacts, done.artifacts),
    };
  } catch (error) {
    if (!(error instanceof Halted) || !error.failure) throw error;
    throw spinErrors.SPIN_FAILED({ task, error: error.failure.error }, { cause: error });
  }
}

interface Before {
  readonly path: TaskPath;
  readonly record: TaskRecord;
  readonly artifacts: ArtifactKeys;
}

/** The task to be run again: of the run that is named, or of the latest that has it. */
async function taskBefore(
  store: RunStore,
  { flow, step }: { readonly flow: string; readonly step: string },
  { run, index }: Pick<SpinOptions<object>, 'run' | 'index'>,
): Promise<Before> {
  const runs = run === undefined ? store.eachRun(flow) : [{ run }];
  for await (const { run: id } of runs) {
    const tasks = (await store.tasks(flow, id)).filter(({ path }) => path.step === step);
    for (const { path, ended } of tasks) {
      const key = ended?.artifacts[RECORD];
      const record = key ? asTaskRecord(await store.load(flow, key)) : undefined;
      if (!record || (index && taskName(step, record.index) !== taskName(step, index))) continue;
      if (!record.inputs) throw spinErrors.SPIN_INPUTS_UNKNOWN({ task: pathspecOf(path) });
      return { path, record, artifacts: visible(ended?.artifacts ?? {}) };
    }
    if (run !== undefined && tasks.length > 0) {
      throw spinErrors.SPIN_INPUTS_UNKNOWN({ task: `${flow}/${run}/${taskName(step, index ?? [])}` });
    }
  }
  throw runStoreErrors.TASK_NOT_FOUND({
    task: `${flow}/${run ?? 'latest'}/${taskName(step, index ?? [])}`,
    location: store.location,
  });
}

async function inputsOf(
  store: RunStore,
  { node, flow }: { readonly node: StepNode; readonly flow: string },
  record: TaskRecord,
  given: object,
): Promise<Readonly<Record<string, InputSpec>>> {
  const inputs: Record<string, InputSpec> = { ...record.inputs };
  for (const [input, value] of Object.entries(given) as [string, unknown][]) {
    if (!(input in inputs)) {
      const known = Object.keys(inputs).join(', ') || 'none';
      throw spinErrors.SPIN_INPUT_UNKNOWN({ step: node.name, input, known });
    }
    inputs[input] = { kind: 'artifact', key: await store.save(flow, value) };
  }
  return inputs;
}

function visible(artifacts: ArtifactKeys): ArtifactKeys {
  return Object.fromEntries(Object.entries(artifacts).filter(([name]) => isArtifactName(name)));
}

function changesBetween(before: ArtifactKeys, now: ArtifactKeys): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).sort();
}
