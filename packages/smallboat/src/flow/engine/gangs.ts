import { type Dag, type StepNode, numbered } from '../definition.ts';
import { type Gang, gangErrors, gangOf } from './gang.ts';
import type { FinishedTask } from './origin.ts';
import type { Workers } from './job.ts';
import { taskName } from './job.ts';
import type { Index } from './resolver.ts';

/** A task's part in its gang. */
export interface Member {
  readonly gang: Gang;
  readonly count: number;
  /** From 0. */
  readonly index: number;
  /** Whether all of the gang ended well together in a run that this one continues. */
  isFinished(finished: ReadonlyMap<string, FinishedTask> | undefined): boolean;
}

export interface GangsOptions {
  readonly dag: Dag;
  readonly workers: Workers;
  /** How many tasks a region has at a place. */
  readonly lengthOf: (id: string, prefix: Index) => Promise<number>;
}

/** The gangs of a run: for a task its part in one; undefined where its step is in none. Rejects with `GANG_TOO_WIDE`. */
export function gangs({
  dag,
  workers,
  lengthOf,
}: GangsOptions): (node: StepNode, index: Index) => Promise<Member | undefined> {
  const known = new Map<string, Gang>();
  const ids = new Set(dag.regions.flatMap((region) => (region.kind === 'each' && region.isGang ? [region.id] : [])));
  return async (node, index) => {
    // A gang holds one step and nothing else: it is the last of the places around it.
    const id = numbered(node.scope).at(-1)?.region;
    if (id === undefined || !ids.has(id)) return undefined;
    const prefix = index.slice(0, -1);
    const count = await lengthOf(id, prefix);
    checkFits(node, count, workers);
    const key = taskName(id, prefix);
    const gang = known.get(key) ?? gangOf(count);
    known.set(key, gang);
    const names = Array.from({ length: count }, (_, i) => taskName(node.name, [...prefix, i]));
    return {
      gang,
      count,
      index: index.at(-1) ?? 0,
      isFinished(finished) {
        const made = names.map((name) => finished?.get(name));
        // Attempts of one number ran together.
        const together = new Set(made.map((task) => `${task?.from?.run ?? ''} ${task?.attempt ?? ''}`));
        return made.every((task) => task !== undefined) && together.size === 1;
      },
    };
  };
}

function checkFits({ name: step, options: { resources } }: StepNode, count: number, workers: Workers): void {
  const isElsewhere = workers.elsewhere?.has({ step }) === true;
  const cpu = isElsewhere ? 1 : Math.ceil(resources?.cpu ?? 1);
  const size = isElsewhere ? (workers.elsewhere?.size ?? 0) : workers.size;
  if (count * cpu > size) throw gangErrors.GANG_TOO_WIDE({ step, count, cpu, size });
}
