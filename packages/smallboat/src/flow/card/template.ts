import type { ReportComponent } from '../../report/index.ts';
import type { Failure } from '../failure.ts';

/** What a step's own card is made of: one task, when its body has ended. */
export interface FinishedTask<I = unknown, R = unknown> {
  readonly flow: string;
  readonly run: string;
  /** `train[3]` */
  readonly name: string;
  /** Place in the lists and iterations around the step, outermost first. */
  readonly index: readonly number[];
  readonly attempt: number;
  readonly user: string;
  readonly tags: readonly string[];
  readonly inputs: I;
  /** What the body returned; undefined where it failed. */
  readonly made: R | undefined;
  /** How it failed, where it did. */
  readonly failure?: Pick<Failure, 'kind' | 'message' | 'code'>;
  /** What the body put on the card. */
  readonly components: readonly ReportComponent[];
}

/**
 * A step's own card, as a function of the task: `step('train', { card: ({ made }) => [...], run })`. Components take the place of those that the body put
 * there; a text is a whole page, as it is, which stands beside the run's card and not on it.
 */
export type TaskTemplate<I = never, R = never> = (task: FinishedTask<I, R>) => TaskPage | Promise<TaskPage>;

type TaskPage = readonly ReportComponent[] | string;
