import { inspect } from 'node:util';
import { defineErrors } from '../../kernel/index.ts';
import type { ReportComponent } from '../../report/index.ts';
import type { Dag, StepContext, StepNode } from '../definition.ts';
import { readableStack } from '../describe-failure.ts';
import { isArtifactName } from '../names.ts';
import type { ArtifactKey, RunStore } from '../store/run-store.ts';
import { type Job, type Outcome, type TaskProgress, taskName, toTaskError } from './job.ts';
import { type Inputs, loadInputs } from './inputs.ts';
import { CARD, RECORD, RESULT, type TaskRecord } from './record.ts';

export const attemptErrors = defineErrors({
  STEP_RESULT_INVALID: (f: { step: string; found: string }) =>
    `Step '${f.step}' returned ${f.found}. A step returns an object of artifacts, as { model } or {}.`,
  ARTIFACT_NAME_INVALID: (f: { step: string; artifact: string }) =>
    `Step '${f.step}' returned an artifact named '${f.artifact}'. Use letters, digits and underscores, starting with a letter.`,
  STEP_UNKNOWN: (f: { step: string; flow: string }) =>
    `Flow '${f.flow}' has no step '${f.step}' in the process that should run it. Does the module define the same steps at every import?`,
});

/** What an attempt needs of the process that it runs in. */
export interface AttemptHost {
  readonly dag: Dag;
  readonly store: RunStore;
  readonly signal: AbortSignal;
  readonly inputs: Inputs;
  readonly onProgress: (progress: TaskProgress) => void;
  /** True when this process may no longer write: its parent is gone. */
  readonly isOrphan?: () => boolean;
  /** Waits until all that the body printed is in the store. */
  readonly flushLogs?: () => Promise<void>;
  readonly writeLog: (text: string) => void;
}

/** Runs one attempt: loads its inputs, runs the body, stores what it returned, ends the attempt in the store. */
export async function runAttempt(job: Job, host: AttemptHost): Promise<Outcome> {
  const { store } = host;
  const { path, attempt } = job;
  const components: ReportComponent[] = [];
  await store.beginAttempt(path, attempt);
  let artifacts: Record<string, ArtifactKey> = {};
  let record: TaskRecord = { kind: 'task', index: job.index, lengths: {} };
  let outcome: Outcome;
  try {
    const node = job.step === 'end' ? endNode : host.dag.steps.find((s) => s.name === job.step);
    if (!node) throw attemptErrors.STEP_UNKNOWN({ step: job.step, flow: host.dag.flow });
    const made = await runBody(node, job, { ...host, components });
    if (host.signal.aborted) return { kind: 'stopped' };
    const keys = await Promise.all(made.map(async ([name, value]) => [name, await store.save(value)] as const));
    artifacts = Object.fromEntries(keys);
    const lengths = Object.fromEntries(
      made.flatMap(([name, value]) =>
        job.measure.includes(name) && Array.isArray(value) ? [[name, value.length] as const] : [],
      ),
    );
    record = { ...record, lengths };
    outcome = { kind: 'succeeded', artifacts, lengths };
  } catch (thrown) {
    if (host.signal.aborted) return { kind: 'stopped' };
    const error = toTaskError(thrown);
    artifacts = {};
    record = { ...record, error };
    outcome = { kind: 'failed', error };
    host.writeLog(`${readableStack(error.stack ?? error.message).join('\n')}\n`);
  }
  if (host.isOrphan?.() === true) return { kind: 'stopped' };
  const hidden = {
    [RECORD]: await store.save(record),
    ...(components.length > 0 ? { [CARD]: await store.save(components) } : {}),
  };
  await host.flushLogs?.();
  await store.endAttempt(path, attempt, {
    artifacts: { ...artifacts, ...hidden },
    hasSucceeded: outcome.kind === 'succeeded',
  });
  return outcome;
}

/** Gathers a flow's result from many tasks into one artifact, where the data is: in a worker. */
const endNode: StepNode = {
  name: 'end',
  scope: [],
  after: [],
  inputs: {},
  waitFor: [],
  options: {},
  run: (inputs: { readonly result: unknown }) => ({ [RESULT]: inputs.result }),
};

type Made = readonly (readonly [name: string, value: unknown])[];

async function runBody(
  node: StepNode,
  job: Job,
  host: AttemptHost & { readonly components: ReportComponent[] },
): Promise<Made> {
  const inputs = await loadInputs(job.inputs, node, { dag: host.dag, inputs: host.inputs });
  const context: StepContext = {
    runId: job.path.run,
    step: taskName(job.step, job.index),
    attempt: job.attempt,
    signal: host.signal,
    log: (message, fields = {}) => {
      const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${short(value)}`);
      host.writeLog(`${message}${facts.join('')}\n`);
    },
    progress: (fraction, message) =>
      host.onProgress({
        fraction: Math.min(1, Math.max(0, fraction)),
        ...(message === undefined ? {} : { message }),
      }),
    card: (...components) => void host.components.push(...components),
  };
  const result = await call(node, inputs, context);
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    const found = Array.isArray(result) ? 'a list' : result === undefined ? 'nothing' : inspect(result);
    throw attemptErrors.STEP_RESULT_INVALID({ step: node.name, found });
  }
  const made = Object.entries(result).filter(([, value]) => value !== undefined);
  for (const [artifact] of made) {
    if (!isArtifactName(artifact)) throw attemptErrors.ARTIFACT_NAME_INVALID({ step: node.name, artifact });
  }
  return made;
}

async function call(node: StepNode, inputs: unknown, context: StepContext): Promise<unknown> {
  try {
    return await node.run(inputs as never, context); // Inputs were wired to fit; the node has lost the types.
  } catch (error) {
    if (error instanceof TypeError && /read only property|not extensible|Cannot delete property/.test(error.message)) {
      error.message += `. Inputs are shared between tasks and cannot be changed in place: copy first, as in [...list] or { ...object }`;
    }
    throw error;
  }
}

function short(value: unknown): string {
  return typeof value === 'string' && !/\s/.test(value)
    ? value
    : inspect(value, { breakLength: Infinity, maxStringLength: 200 });
}
