import { Html, type ReportComponent, drawCharts, renderComponents } from '../../report/index.ts';
import type { Step } from '../compose/step.ts';
import type { MaybePromise } from '../definition.ts';
import { type RunState, type RunView, type StepView, readStep } from '../read-run.ts';
import type { RunStore } from '../store/run-store.ts';
import { pageOfRun, renderRunPage } from './run-page.ts';
import { type RunPart, runPart } from './run-parts.ts';
import { cardOf } from './task-cards.ts';

/** What a run's own card is made of. Values are read when they are asked for. */
export interface RunCard {
  readonly flow: string;
  readonly run: string;
  readonly state: RunState;
  readonly user: string;
  readonly tags: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The run that it continues. */
  readonly origin?: string;
  /** States, times and artifact keys of every task. */
  readonly steps: readonly StepView[];
  /** The parameters, by name. */
  readonly params: () => Promise<Readonly<Record<string, unknown>>>;
  /** The artifacts of the flow's result, by name; empty where it has none yet. */
  readonly result: () => Promise<Readonly<Record<string, unknown>>>;
  /** What each finished task of a step made, in the order of the lists around it. */
  readonly read: <O extends object, C extends object = never>(step: Step<never, O, C>) => Promise<readonly (O | C)[]>;
  /** What the tasks of a step put on their cards, one after the other. */
  readonly components: (step: Step<never, object, object> | string) => Promise<readonly ReportComponent[]>;
  /** A part of the default card, as it would be there: `html`, to be put beside one's own. */
  readonly part: (part: RunPart) => Promise<Html>;
}

/**
 * A run's own card, as a function of the run: `flow('sales', params, wiring, { card: async (run) => [...] })`. Components and `html` are set as a page of
 * ours; a text is a whole page, as it is.
 */
export type RunTemplate = (run: RunCard) => MaybePromise<readonly ReportComponent[] | Html | string>;

/** A run for a template. */
export function runCard(store: RunStore, view: RunView, now: number): RunCard {
  const { info, state, steps } = view;
  const load = async (keys: RunView['params']): Promise<Record<string, unknown>> => {
    const values = Object.entries(keys).map(async ([name, key]) => [name, await store.load(info.flow, key)] as const);
    return Object.fromEntries(await Promise.all(values));
  };
  return {
    flow: info.flow,
    run: info.run,
    state,
    user: info.user,
    tags: info.tags,
    createdAt: info.createdAt,
    ...(info.origin === undefined ? {} : { origin: info.origin }),
    steps,
    params: () => load(view.params),
    result: () => load(view.result),
    read: (step) => readStep(store, { flow: info.flow, run: info.run, step: step.stepName }),
    async components(step) {
      const name = typeof step === 'string' ? step : step.stepName;
      const tasks = steps.find((one) => one.name === name)?.tasks ?? [];
      return (await Promise.all(tasks.map((task) => cardOf(store, task)))).flatMap(({ components }) => components);
    },
    part: (part) => runPart(part, { store, view, now }),
  };
}

/** The page of a run: the default card, or what a template makes. Rejects with what the template throws. */
export async function renderRunCard(store: RunStore, view: RunView, template?: RunTemplate): Promise<string> {
  const now = Date.now();
  if (!template) return renderRunPage(store, view, { now });
  const made = await template(runCard(store, view, now));
  if (typeof made === 'string') return made;
  return pageOfRun(view, made instanceof Html ? made : renderComponents(await drawCharts(made)));
}
