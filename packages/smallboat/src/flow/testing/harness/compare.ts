import { isArtifactName } from '../../names.ts';
import { briefOf, readBrief } from '../../read-brief.ts';
import { type RunView, readRun } from '../../read-run.ts';
import type { FlowRun } from '../../run-flow.ts';
import type { RunStore } from '../../store/run-store.ts';
import { type Expected, interpret } from './reference.ts';
import type { Spec } from './spec.ts';

/** What a run has come to. */
export interface Outcome {
  readonly store: RunStore;
  readonly flow: string;
  readonly run: string;
  /** The code of the error that it ended with. */
  readonly failed?: string;
  readonly result?: unknown;
}

/** Runs something and says what came of it. */
export async function outcomeOf(
  store: RunStore,
  flow: string,
  run: () => Promise<Pick<FlowRun<unknown>, 'run' | 'result'>>,
): Promise<Outcome> {
  try {
    const ended = await run();
    return { store, flow, run: ended.run, result: await ended.result() };
  } catch (error) {
    const failed = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const [latest] = await store.runs(flow);
    return { store, flow, run: latest?.run ?? '', failed };
  }
}

/**
 * Compares a run with the reference: artifacts of every task, attempts, the tasks that there are, the result. @returns what differs, in
 * words; nothing where all is as it must be.
 */
export async function differences(spec: Spec, seed: number, outcome: Outcome): Promise<string[]> {
  const expected = interpret(spec, seed);
  const { store, flow, run, failed } = outcome;
  const view = await readRun(store, { flow, run });
  const found = new Map<string, { made: unknown; attempts: number }>();
  for (const task of view.steps.flatMap((step) => step.tasks)) {
    if (task.state !== 'done') continue;
    const names = Object.entries(task.artifacts).filter(([name]) => isArtifactName(name));
    const made = Object.fromEntries(
      await Promise.all(names.map(async ([name, key]) => [name, await store.load(flow, key)])),
    );
    found.set(task.name, { made, attempts: task.attempts });
  }
  const wrong = await briefDifferences(store, view);
  if (expected.failure) return [...wrong, ...failureDifferences(spec, { expected, failed, found, seed })];
  if (failed !== undefined) return [`failed with ${failed}, and should not`];
  for (const [name, { made, attempts }] of expected.tasks) {
    const own = found.get(name);
    if (!own) wrong.push(`${name} did not run`);
    else if (!equal(own.made, made)) wrong.push(`${name} made ${show(own.made)}, not ${show(made)}`);
    else if (own.attempts !== attempts) wrong.push(`${name} took ${own.attempts} attempts, not ${attempts}`);
  }
  for (const name of found.keys()) if (!expected.tasks.has(name)) wrong.push(`${name} ran, and should not`);
  if (!equal(outcome.result, expected.result)) {
    wrong.push(`the result is ${show(outcome.result)}, not ${show(expected.result)}`);
  }
  return wrong;
}

/** A list shows of a run what its tasks say, though it does not read them. */
async function briefDifferences(store: RunStore, view: RunView): Promise<string[]> {
  const { lastAt: _shown, ...shown } = await readBrief(store, view.info);
  const { lastAt: _whole, ...whole } = briefOf(view);
  // What went on in this process when the run failed may have ended since.
  const isSame = view.state === 'done' ? equal(shown, whole) : shown.state === whole.state;
  return isSame ? [] : [`a list shows ${show(shown)}, not ${show(whole)}`];
}

/** Where a run must fail, what ended well before must still be right; how much of it did is a matter of time. */
function failureDifferences(
  spec: Spec,
  of: {
    readonly expected: Expected;
    readonly failed: string | undefined;
    readonly found: ReadonlyMap<string, { readonly made: unknown }>;
    readonly seed: number;
  },
): string[] {
  const codes = ['STEP_FAILED', 'MERGE_CONFLICT', 'REPEAT_TOO_LONG'];
  if (of.failed === undefined || !codes.includes(of.failed)) {
    return [`ended with ${of.failed ?? 'success'}, not with ${of.expected.failure ?? ''}`];
  }
  const behaviours = Object.fromEntries(
    Object.entries(spec.behaviours ?? {}).filter(([, b]) => (b.throws ?? 0) >= 0 || b.catches === true),
  );
  const whole = interpret({ ...spec, behaviours }, of.seed);
  return [...of.found].flatMap(([name, { made }]) => {
    const right = whole.tasks.get(name)?.made;
    return right === undefined || equal(made, right) ? [] : [`${name} made ${show(made)}, not ${show(right)}`];
  });
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'undefined';

function equal(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([x], [y]) => (x < y ? -1 : 1)))
      : inner,
  );
}
