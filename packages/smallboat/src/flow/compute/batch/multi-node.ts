import type { JobDetail } from '@aws-sdk/client-batch';
import { abortable } from '../abortable.ts';
import type { ContainerHost, GangPlace } from '../service.ts';
import type { JobPoller } from './job-poller.ts';

/** A container of a multi-node job. */
export interface Node {
  /** The id of the whole job, by which it is stopped. */
  readonly job: string;
  /** Its own, by which it is asked for: `<job>#<index>`. */
  readonly id: string;
  /** Settles when the job has its containers: with the job where it ended before. Rejects when the member's signal aborts. */
  readonly begun: Promise<JobDetail | undefined>;
}

export interface MultiNode {
  /**
   * Resolves when the job of a gang is submitted. The first member has it submitted; the others wait for that. Rejects for all where it cannot be
   * submitted, and for a member when its signal aborts.
   *
   * @param submit Takes the job of the whole gang; gives its id.
   */
  enter(gang: GangPlace, host: Pick<ContainerHost, 'onState' | 'signal'>, submit: () => Promise<string>): Promise<Node>;
}

interface Whole {
  readonly submitted: PromiseWithResolvers<string>;
  readonly begun: PromiseWithResolvers<JobDetail | undefined>;
  entered: number;
}

/** The gangs that run as jobs of several nodes: a container a member, known by its number. */
export function multiNode(poller: JobPoller): MultiNode {
  const known = new Map<string, Whole>();
  const wholeOf = ({ name, count }: GangPlace): Whole => {
    const before = known.get(name);
    const whole = before ?? {
      submitted: Promise.withResolvers<string>(),
      begun: Promise.withResolvers<JobDetail | undefined>(),
      entered: 0,
    };
    // Whoever waits is told; there may be nobody.
    for (const { promise } of [whole.submitted, whole.begun]) promise.catch(() => undefined);
    whole.entered += 1;
    if (whole.entered === count) known.delete(name);
    else known.set(name, whole);
    return whole;
  };

  return {
    async enter(gang, { onState, signal }, submit) {
      const { submitted, begun } = wholeOf(gang);
      if (gang.index === 0) {
        submit().then(submitted.resolve, submitted.reject);
        const job = await submitted.promise;
        // A container is not known before its job has its machines, which may take hours.
        const onChange = (detail: JobDetail): void => {
          onState(detail.status ?? '');
          if (HAS_NODES.has(detail.status) || detail.startedAt !== undefined) begun.resolve(undefined);
        };
        poller
          .watch(job, { onChange, signal: signal ?? new AbortController().signal })
          .then(begun.resolve, begun.reject);
      }
      const job = await abortable(submitted.promise, signal);
      return { job, id: `${job}#${gang.index}`, begun: abortable(begun.promise, signal) };
    },
  };
}

const HAS_NODES: ReadonlySet<string | undefined> = new Set(['STARTING', 'RUNNING']);
