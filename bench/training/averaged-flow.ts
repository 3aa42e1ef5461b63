import { sliceExamples } from 'smallboat/features';
import { each, flow, repeat, step } from 'smallboat/flow';
import { averageCheckpoints, checkpointWeights, metricsOf, scoreLstm, trainLstm } from 'smallboat/training';
import type { LstmHyper, TrainingCheckpoint } from 'smallboat/training';
import * as z from 'zod';
import { syntheticSequences } from './synthetic-sequences.ts';

/** What stays the same in a training over several machines. */
interface Work {
  readonly count: number;
  readonly machines: number;
  readonly hyper: LstmHyper;
}

/** A machine's share of the examples, and where its training stands: none before the first round. */
interface Share {
  readonly machine: number;
  readonly checkpoint: TrainingCheckpoint | null;
}

/** What the averaged weights reached after a round. */
export interface Round {
  readonly auc: number;
  readonly logLoss: number;
  /** Processor time of the slowest machine, which the others wait for. */
  readonly seconds: number;
}

// Each task makes the examples again, as a machine would read its part of the warehouse; that is not timed.
const shareOf = ({ count, machines }: Work, machine: number) =>
  sliceExamples(
    syntheticSequences(count, 1),
    Math.floor((count * machine) / machines),
    Math.floor((count * (machine + 1)) / machines),
  );
/** For the trainer's own early stopping, which has no say here. */
const token = syntheticSequences(64, 3);

const begin = step('begin', {
  run: ({ count, machines, epochs, seed }: { count: number; machines: number; epochs: number; seed: number }) => {
    const hyper: LstmHyper = { units: 48, learningRate: 1e-3, batchSize: 128, epochs, patience: epochs, seed };
    const work: Work = { count, machines, hyper };
    const shares = Array.from({ length: machines }, (_, machine): Share => ({ machine, checkpoint: null }));
    const rounds: readonly Round[] = [];
    return { work, shares, rounds };
  },
});

/** One epoch over a machine's share, on from the averaged weights and moments. */
const pass = step('pass', {
  run: async ({ work, share, rounds }: { work: Work; share: Share; rounds: readonly Round[] }) => {
    let checkpoint = share.checkpoint;
    const train = shareOf(work, share.machine);
    const before = process.cpuUsage();
    await trainLstm({
      train,
      validation: token,
      hyper: work.hyper,
      threads: 1,
      until: rounds.length + 1,
      checkpointSeconds: Number.POSITIVE_INFINITY,
      onCheckpoint: (made) => {
        checkpoint = made;
      },
      ...(share.checkpoint === null ? {} : { from: share.checkpoint }),
    });
    const { user, system } = process.cpuUsage(before);
    return { share: { ...share, checkpoint }, seconds: (user + system) / 1e6 };
  },
});

/** The mean of what the machines came to, judged and handed to all of them. */
const average = step('average', {
  run: ({
    work,
    passes,
    rounds,
  }: {
    work: Work;
    passes: readonly { readonly share: Share; readonly seconds: number }[];
    rounds: readonly Round[];
  }) => {
    const made = averageCheckpoints(passes.flatMap(({ share }) => share.checkpoint ?? []));
    const [first] = made;
    if (first === undefined) throw new Error('No machine made a checkpoint.');
    const shares = made.map((checkpoint, machine): Share => ({ machine, checkpoint }));
    const weights = checkpointWeights(first);
    const test = syntheticSequences(50_000, 2);
    const { auc = Number.NaN, logLoss = Number.NaN } = metricsOf(scoreLstm(weights, test), test).at(-1) ?? {};
    const round: Round = {
      auc: auc ?? Number.NaN,
      logLoss,
      seconds: Math.max(...passes.map(({ seconds }) => seconds)),
    };
    return { shares, rounds: [...rounds, round], goesOn: rounds.length + 1 < work.hyper.epochs };
  },
});

/** Data-parallel training: each round is an epoch of every machine over its share, and the mean of their weights and Adam's moments. */
export const averaged = flow(
  'averaged',
  {
    count: z.coerce.number().int().positive().default(200_000),
    machines: z.coerce.number().int().positive().default(2),
    epochs: z.coerce.number().int().positive().default(10),
    seed: z.coerce.number().int().default(1),
  },
  ({ count, machines, epochs, seed }) => {
    const start = begin({ count, machines, epochs, seed });
    return repeat(
      { shares: start.shares, rounds: start.rounds },
      ({ shares, rounds }) => {
        const passes = each(shares, (share) => pass({ work: start.work, share, rounds }));
        return average({ work: start.work, passes, rounds });
      },
      { while: (made) => made.goesOn },
    );
  },
);
