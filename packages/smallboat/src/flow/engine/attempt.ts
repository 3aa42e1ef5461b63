import { inspect } from 'node:util';
import { defineErrors } from '../../kernel/index.ts';
import { type LiveCard, liveCard } from '../card/live-card.ts';
import { briefsOf } from '../card/briefs.ts';
import type { StepContext } from '../context.ts';
import type { Dag, StepNode } from '../definition.ts';
import { readableStack } from '../describe-failure.ts';
import { isArtifactName } from '../names.ts';
import type { Secret } from '../secrets.ts';
import type { ArtifactKey, ArtifactKeys } from '../store/run-store.ts';
import { type Job, type Outcome, toTaskError } from './job.ts';
import { type Inputs, loadInputs } from './inputs.ts';
import { RECORD, RESULT, type TaskRecord } from './record.ts';
import { fansOut } from './task-place.ts';
import { type ContextHost, taskContext } from './task-context.ts';

export const attemptErrors = defineErrors({
  STEP_RESULT_INVALID: (f: { step: string; found: string }) =>
    `Step '${f.step}' returned ${f.found}. A step returns an object of artifacts, as { model } or {}.`,
  ARTIFACT_NAME_INVALID: (f: { step: string; artifact: string }) =>
    `Step '${f.step}' returned an artifact named '${f.artifact}'. Use letters, digits and underscores, starting with a letter.`,
  STEP_UNKNOWN: (f: { step: string; flow: string }) =>
    `Flow '${f.flow}' has no step '${f.step}' in the process that should run it. Does the module define the same steps at every import?`,
});

/** What an attempt needs of the process that it runs in. */
export interface AttemptHost extends Omit<ContextHost, 'card'> {
  readonly dag: Dag;
  readonly inputs: Inputs;
  /** True when this process may no longer write: its parent is gone. */
  readonly isOrphan?: () => boolean;
  /** Waits until all that the body printed is in the store. */
  readonly flushLogs?: () => Promise<void>;
  /** Puts a step's secrets where its body finds them. */
  readonly reveal?: (secrets: readonly Secret[]) => Promise<void>;
}

/** Runs one attempt: loads its inputs, runs the body, stores what it returned, ends the attempt in the store. */
export async function runAttempt(job: Job, host: AttemptHost): Promise<Outcome> {
  const { store } = host;
  const { path, attempt } = job;
  await using live = liveCard({ job, store, user: host.user, warn: (text) => host.writeLog(`${text}\n`) });
  await store.beginAttempt(path, attempt, job.place);
  let artifacts: Record<string, ArtifactKey> = {};
  let pieces: ArtifactKeys = {};
  const { index, inputs, failure, gang } = job;
  const error = failure && { kind: failure.kind, message: failure.message };
  let record: TaskRecord = {
    kind: 'task',
    index,
    inputs,
    lengths: {},
    ...(error ? { error } : {}),
    ...(job.cache ? { cache: job.cache } : {}),
    ...(gang ? { gang: { count: gang.count, index: gang.index } } : {}),
  };
  let outcome: Outcome;
  try {
    const node = job.step === 'end' ? endNode : host.dag.steps.find((s) => s.name === job.step);
    if (!node) throw attemptErrors.STEP_UNKNOWN({ step: job.step, flow: host.dag.flow });
    const { made, absent, pieces: kept } = await runBody(node, job, { ...host, live });
    if (host.signal.aborted) return { kind: 'stopped' };
    pieces = kept;
    const keys = await Promise.all(
      made.map(async ([name, value]) => [name, await store.save(path.flow, value)] as const),
    );
    artifacts = Object.fromEntries(keys);
    const lengths = Object.fromEntries(
      made.flatMap(([name, value]) =>
        job.measure.includes(name) && Array.isArray(value) ? [[name, value.length] as const] : [],
      ),
    );
    record = {
      ...record,
      lengths,
      ...(absent.length > 0 ? { absent } : {}),
      ...(await briefsOf({ store, flow: path.flow }, made, artifacts)),
    };
    outcome = { kind: 'succeeded', artifacts, stored: artifacts, absent, lengths };
  } catch (thrown) {
    if (host.signal.aborted) return { kind: 'stopped' };
    const error = toTaskError(thrown);
    artifacts = {};
    record = { ...record, error };
    outcome = { kind: 'failed', error };
    host.writeLog(`${readableStack(error.stack ?? error.message).join('\n')}\n`);
  }
  if (host.isOrphan?.() === true) return { kind: 'stopped' };
  const hidden = { [RECORD]: await store.save(path.flow, record), ...(await live.end(outcome)) };
  await host.flushLogs?.();
  const stored = { ...artifacts, ...pieces, ...hidden };
  await store.endAttempt(path, attempt, {
    artifacts: stored,
    hasSucceeded: outcome.kind === 'succeeded',
    ...job.place,
    ...fansOut(record.lengths),
  });
  return outcome.kind === 'succeeded' ? { ...outcome, stored } : outcome;
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

interface Made {
  readonly made: readonly (readonly [name: string, value: unknown])[];
  readonly absent: readonly string[];
  readonly pieces: ArtifactKeys;
}

async function runBody(node: StepNode, job: Job, host: AttemptHost & { readonly live: LiveCard }): Promise<Made> {
  const { live } = host;
  await using context = taskContext(job, { ...host, card: live.card });
  const { failure, secrets } = job;
  if (secrets && !failure) await host.reveal?.(secrets);
  const result = await produce(node, job, { context, live, dag: host.dag, inputs: host.inputs });
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    const found = Array.isArray(result) ? 'a list' : result === undefined ? 'nothing' : inspect(result);
    throw attemptErrors.STEP_RESULT_INVALID({ step: node.name, found });
  }
  live.made(result);
  const entries: readonly (readonly [string, unknown])[] = Object.entries(result);
  for (const [artifact] of entries) {
    if (!isArtifactName(artifact)) throw attemptErrors.ARTIFACT_NAME_INVALID({ step: node.name, artifact });
  }
  return {
    made: entries.filter(([, value]) => value !== undefined),
    absent: entries.filter(([, value]) => value === undefined).map(([name]) => name),
    pieces: context.pieces(),
  };
}

/** What the body gives or, after its last failure, the step's catch. */
async function produce(
  node: StepNode,
  { inputs: specs, failure }: Job,
  {
    context,
    live,
    ...from
  }: {
    readonly context: StepContext;
    readonly live: LiveCard;
    readonly dag: Dag;
    readonly inputs: Inputs;
  },
): Promise<unknown> {
  // A catch that was added from outside is not in the module: what it gives is nothing.
  if (failure) return node.fallback ? node.fallback(failure) : {};
  const inputs = await loadInputs(specs, node, from);
  live.begin(node, inputs);
  return call(node, inputs, context);
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
