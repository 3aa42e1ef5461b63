import type { PlannedWork } from '../../flow/orchestrated/index.ts';
import { workOf } from '../deployment.ts';
import type { Block } from '../program.ts';

/** A part of a flow, as a workflow gets it: plain data, so that a workflow that runs keeps the graph that it began with. */
export type PlannedPart = { readonly key: string; readonly after: readonly string[] } & (
  | {
      readonly kind: 'work';
      readonly work: Extract<PlannedWork, { kind: 'step' | 'decide' }>;
      /** Attempts of the body and its `catch`. */
      readonly attempts: number;
    }
  | { readonly kind: 'each'; readonly region: string; readonly body: Plan }
  | { readonly kind: 'choice'; readonly region: string; readonly cases: Readonly<Record<string, Plan>> }
  | { readonly kind: 'repeat'; readonly region: string; readonly body: Plan }
);

/** Parts in a topological order. */
export type Plan = readonly PlannedPart[];

/** What is written into a deployment for whoever finds it. */
export interface Said {
  readonly madeBy: 'smallboat';
  readonly owner: string;
  readonly token: string;
  readonly events: readonly string[];
  /** Deployments whose good end starts it: of the same project and branch. */
  readonly onFinishOf: readonly string[];
}

/** What a workflow is started with. */
export interface FlowInput {
  readonly flow: string;
  /** Name of the deployment. */
  readonly deployment: string;
  readonly plan: Plan;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
  /** After so many seconds without a sign of life a worker is taken for lost. */
  readonly heartbeatSeconds: number;
  /** Activities that one workflow runs; what is more goes to workflows of its own. */
  readonly mostWork: number;
  readonly said: Said;
}

/** What a part of a workflow's work is started with as a workflow of its own. */
export interface PartInput extends Omit<FlowInput, 'plan' | 'said' | 'parameters'> {
  readonly execution: string;
  readonly body: Plan;
  readonly index: readonly number[];
  readonly region: string;
  /** Elements of a list; or the first iteration of a repeat. */
  readonly elements: readonly number[] | { readonly from: number };
}

/** What an activity is given. */
export interface ActivityInput {
  readonly flow: string;
  readonly deployment: string;
  readonly execution: string;
  readonly work: PlannedWork;
  readonly index: readonly number[];
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly systemTags: readonly string[];
}

/** What an activity gives: what it decided, by region. A list is as long as a number says, where no element is left out. */
export type Decided = Readonly<Record<string, readonly number[] | number | string | boolean>>;

/** Activities that are no step. */
export const ACTIVITY = { begin: 'smallboat begin', decide: 'smallboat decide', end: 'smallboat end' } as const;

/** A flow's blocks as plain data. */
export function planOf(block: Block): Plan {
  return block.map((part): PlannedPart => {
    const { key, after } = part;
    switch (part.kind) {
      case 'step':
      case 'decide': {
        const { retry, fallback } = part.kind === 'step' ? { ...part.node.options, ...part.node } : {};
        const attempts = 1 + (retry?.times ?? 0) + (fallback === undefined ? 0 : 1);
        return { key, after, kind: 'work', work: workOf(part), attempts };
      }
      case 'each':
      case 'repeat':
        return { key, after, kind: part.kind, region: part.region.id, body: planOf(part.body) };
      case 'choice':
        break;
    }
    const cases = Object.fromEntries(part.cases.map(({ name, body }) => [name, planOf(body)]));
    return { key, after, kind: 'choice', region: part.region.id, cases };
  });
}
