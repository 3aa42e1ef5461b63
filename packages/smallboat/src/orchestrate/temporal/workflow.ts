/**
 * The workflows, as Temporal's worker bundles them: they run in its sandbox, where nothing of ours but this file is. They must give the same
 * commands each time that they are run over a history, so a change of the order here needs `patched`.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { ActivityInput, Decided, FlowInput, PartInput, Plan, PlannedPart } from './plan.ts';

/** Activities and workflows that wait at once: Temporal takes 2,000. */
const MOST_AT_ONCE = 500;
/** A worker may be lost so often before a task is given up. */
const LOSSES = 20;

/** A flow from its parameters to its result. Gives the name of its execution, by which its run is found. */
export async function smallboat(input: FlowInput): Promise<string> {
  const { workflowId } = workflowInfo();
  const host = hostOf({ ...input, execution: workflowId });
  host.note(await host.act('smallboat begin', { kind: 'begin' }, []), []);
  await runBlock(input.plan, [], host);
  await host.act('smallboat end', { kind: 'end' }, []);
  return workflowId;
}

/** Elements of a list, or iterations of a repeat: gives the iteration that comes next, or -1. */
export async function smallboatPart(input: PartInput): Promise<number> {
  const { body, index, region, elements } = input;
  const host = hostOf({ ...input, parameters: {} });
  if (!('from' in elements)) {
    await settled(elements.map((element) => runBlock(body, [...index, element], host)));
    return -1;
  }
  return repeatHere({ body, index, region }, host, { from: elements.from, most: shareOf(body, host) });
}

interface Host {
  readonly common: Omit<PartInput, 'body' | 'index' | 'region' | 'elements'>;
  /** Whether something has failed: nothing new begins. */
  isHalted: boolean;
  /** Activities that were planned in this workflow. */
  planned: number;
  act(name: string, work: ActivityInput['work'], index: readonly number[], attempts?: number): Promise<Decided>;
  child(input: Pick<PartInput, 'body' | 'index' | 'region' | 'elements'>): Promise<number>;
  note(decided: Decided, index: readonly number[]): void;
  decision(region: string, index: readonly number[]): Decided[string] | undefined;
}

function hostOf(of: Omit<PartInput, 'body' | 'index' | 'region' | 'elements'> & Pick<FlowInput, 'parameters'>): Host {
  const { flow, deployment, execution, tags, systemTags, heartbeatSeconds, mostWork, parameters } = of;
  const decisions = new Map<string, Decided[string]>();
  const waiting: (() => void)[] = [];
  let free = MOST_AT_ONCE;
  const taking = async <T>(work: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      if (host.isHalted) throw new Halted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
  const host: Host = {
    common: { flow, deployment, execution, tags, systemTags, heartbeatSeconds, mostWork },
    isHalted: false,
    planned: 0,
    act: (name, work, index, attempts = 3) =>
      taking(async () => {
        const region = work.kind === 'decide' ? ` ${work.region}` : '';
        const activityId = `${name}${region}${index.map((i) => `[${i}]`).join('')}`;
        const activities = proxyActivities<Record<string, (given: ActivityInput) => Promise<Decided>>>({
          activityId,
          // What the pages of Temporal show beside the name.
          ...(activityId === name ? {} : { summary: activityId }),
          // A body's own limit is kept by whoever runs it; here a worker is watched, by its signs of life.
          startToCloseTimeout: '30 days',
          heartbeatTimeout: heartbeatSeconds * 1000,
          // Whoever runs a body is waited for when it is told to stop.
          cancellationType: 'WAIT_CANCELLATION_COMPLETED',
          retry: { initialInterval: 1000, maximumInterval: '1 minute', maximumAttempts: attempts + LOSSES },
        });
        const run = activities[name];
        if (!run) throw ApplicationFailure.nonRetryable(`There is no activity ${name}`);
        return run({
          flow,
          deployment,
          execution,
          work,
          index,
          parameters: work.kind === 'begin' ? parameters : {},
          tags,
          systemTags,
        });
      }),
    child: (input) =>
      taking(() => {
        const first = 'from' in input.elements ? input.elements.from : (input.elements[0] ?? 0);
        const place = [...input.index, first].join('.');
        return executeChild(smallboatPart, {
          args: [{ ...host.common, ...input }],
          workflowId: `${execution}/${input.region}/${place}`,
        });
      }),
    note: (decided, index) => {
      for (const [region, one] of Object.entries(decided)) decisions.set(keyOf(region, index), one);
    },
    decision: (region, index) => decisions.get(keyOf(region, index)),
  };
  return host;
}

const keyOf = (region: string, index: readonly number[]): string => `${region} ${index.join(',')}`;

/** Nothing new begins since something has failed: that is what is told. */
class Halted extends Error {}

/** Runs the parts of a block, each once all that it waits for has ended. Rejects when all that had begun has ended. */
async function runBlock(block: Plan, index: readonly number[], host: Host): Promise<void> {
  const ended = new Map<string, Promise<void>>();
  for (const part of block) {
    const run = async (): Promise<void> => {
      await Promise.all(part.after.map(async (key) => ended.get(key)));
      if (host.isHalted) throw new Halted();
      await runPart(part, index, host);
    };
    const running = run();
    running.catch(() => undefined);
    ended.set(part.key, running);
  }
  await settled([...ended.values()]);
}

async function runPart(part: PlannedPart, index: readonly number[], host: Host): Promise<void> {
  switch (part.kind) {
    case 'work': {
      const { work, attempts } = part;
      const name = work.kind === 'step' ? work.step : 'smallboat decide';
      try {
        host.note(await host.act(name, work, index, attempts), index);
      } catch (error) {
        host.isHalted = true;
        throw error;
      }
      return;
    }
    case 'each':
      return runEach(part, index, host);
    case 'choice': {
      const body = part.cases[String(host.decision(part.region, index))];
      return body ? runBlock(body, index, host) : undefined;
    }
    case 'repeat':
      break;
  }
  const at = { body: part.body, index, region: part.region };
  const next = await repeatHere(at, host, { from: 0, most: Infinity });
  for (let from = next; from >= 0;) from = await halting(host, host.child({ ...at, elements: { from } }));
}

async function runEach(
  { region, body }: Extract<PlannedPart, { kind: 'each' }>,
  index: readonly number[],
  host: Host,
): Promise<void> {
  const decided = host.decision(region, index);
  const elements = typeof decided === 'number' ? Array.from({ length: decided }, (_, i) => i) : decided;
  if (!Array.isArray(elements)) throw ApplicationFailure.nonRetryable(`Nothing was decided on ${region}`);
  const works = worksIn(body);
  if (host.planned + elements.length * works <= host.common.mostWork) {
    host.planned += elements.length * works;
    await settled(elements.map((element: number) => runBlock(body, [...index, element], host)));
    return;
  }
  const size = shareOf(body, host);
  const shares = Array.from({ length: Math.ceil(elements.length / size) }, (_, i) =>
    elements.slice(i * size, (i + 1) * size),
  );
  await settled(shares.map((share) => halting(host, host.child({ body, index, region, elements: share }))));
}

/** Iterations of a repeat as long as this workflow has room for them. Gives the one that comes next, or -1 where it has ended. */
async function repeatHere(
  { body, index, region }: Pick<PartInput, 'body' | 'index' | 'region'>,
  host: Host,
  { from, most }: { readonly from: number; readonly most: number },
): Promise<number> {
  const works = worksIn(body);
  for (let i = from; ; i += 1) {
    if (i - from >= most || host.planned + works > host.common.mostWork) return i;
    host.planned += works;
    const at = [...index, i];
    await runBlock(body, at, host);
    if (host.decision(region, at) !== true) return -1;
  }
}

async function halting<T>(host: Host, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    host.isHalted = true;
    throw error;
  }
}

/** Waits until all have ended, and rejects with what failed first. */
async function settled(works: readonly Promise<unknown>[]): Promise<void> {
  let first: unknown;
  const watched = works.map((work) =>
    work.catch((error: unknown) => {
      if (!(error instanceof Halted)) first ??= error;
    }),
  );
  await Promise.all(watched);
  if (first === undefined) {
    for (const work of works) await work;
    return;
  }
  if (isCancellation(first)) throw first;
  throw told(first);
}

/** A failure with what the activity said, and not that an activity failed. */
function told(error: unknown): unknown {
  let inner = error;
  while ((inner instanceof ActivityFailure || inner instanceof ChildWorkflowFailure) && inner.cause)
    inner = inner.cause;
  if (inner instanceof ApplicationFailure) {
    return ApplicationFailure.create({ message: inner.message, type: inner.type ?? 'StepFailed', nonRetryable: true });
  }
  return error;
}

/** Elements of a list, or iterations, that a workflow of its own takes. */
function shareOf(body: Plan, { common }: Host): number {
  return Math.max(1, Math.floor(common.mostWork / 4 / worksIn(body)));
}

/** Activities of a plan, each list and repeat in it taken as one. */
function worksIn(plan: Plan): number {
  return plan.reduce((sum, part) => {
    if (part.kind === 'work') return sum + 1;
    if (part.kind === 'choice') return sum + Math.max(0, ...Object.values(part.cases).map(worksIn));
    return sum + worksIn(part.body);
  }, 0);
}
