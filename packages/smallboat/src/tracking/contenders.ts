import type { Contender, PointScore } from './gate.ts';
import { pairedDifference } from './paired-difference.ts';

/** Probabilities of one model or baseline, one for each example. */
export interface NamedScores {
  readonly name: string;
  readonly scores: ArrayLike<number>;
}

export interface ContendersOptions {
  readonly candidate: NamedScores;
  readonly baselines: readonly NamedScores[];
  /** The examples that all were scored on: 0 or 1 each. */
  readonly labels: ArrayLike<number>;
  /** Index of the decision point of each example. */
  readonly decision: ArrayLike<number>;
  /** Events after the first add of each index. Default 0, 2, 4, 6, 8, 10. */
  readonly points?: readonly number[];
}

/**
 * What `gate` compares, from scores on the same examples: metrics at each decision point, and the paired errors of the
 * differences. A point where only one class occurs says nothing about ranking, and is left out.
 */
export function contenders(options: ContendersOptions): {
  readonly candidate: Contender;
  readonly baselines: readonly Contender[];
} {
  const { candidate, baselines, labels, decision, points = [0, 2, 4, 6, 8, 10] } = options;
  const groups = points.flatMap((point, index) => {
    const members = Array.from({ length: labels.length }, (_, i) => i).filter((i) => decision[i] === index);
    const own = Float64Array.from(members, (i) => labels[i] ?? 0);
    const positives = own.reduce((sum, y) => sum + y, 0);
    // The errors are variances: they need two of each.
    return positives < 2 || own.length - positives < 2 ? [] : [{ point, members, own, positives }];
  });
  const pick = (scores: ArrayLike<number>, members: readonly number[]): Float64Array =>
    Float64Array.from(members, (i) => scores[i] ?? Number.NaN);

  const pointsOf = (scores: ArrayLike<number>): readonly PointScore[] =>
    groups.map(({ point, members, own, positives }) => {
      // Against scores that are all one half, the AUC's difference is AUC − ½ and the loss's is ln 2 − loss.
      const { rocAuc, logLoss } = pairedDifference(
        pick(scores, members),
        new Float64Array(members.length).fill(0.5),
        own,
      );
      return { point, positives, negatives: own.length - positives, rocAuc: rocAuc + 0.5, logLoss: Math.LN2 - logLoss };
    });

  return {
    candidate: { name: candidate.name, points: pointsOf(candidate.scores) },
    baselines: baselines.map(({ name, scores }) => {
      const paired = groups.map(({ members, own }) =>
        pairedDifference(pick(candidate.scores, members), pick(scores, members), own),
      );
      return {
        name,
        points: pointsOf(scores),
        differenceErrors: { rocAuc: paired.map((p) => p.rocAucError), logLoss: paired.map((p) => p.logLossError) },
      };
    }),
  };
}
