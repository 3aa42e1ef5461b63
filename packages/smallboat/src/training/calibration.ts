import { fitLogistic, sigmoid } from './baselines/logistic.ts';

/** Platt's correction of a model's scores: sigmoid(slope · logit(score) + intercept). Plain data; slope 1, intercept 0 change nothing. */
export interface PlattScaling {
  readonly slope: number;
  readonly intercept: number;
}

/**
 * Fits the correction on examples that the model was not trained on. It keeps the order of scores where the slope is above 0, so
 * that AUC stays as it is; log loss and calibration get better or stay.
 *
 * @param scores Probabilities, 0 to 1. @param labels 0 or 1, as many.
 * @see J. Platt, "Probabilistic outputs for support vector machines", 1999; targets are drawn in from 0 and 1 as there, so
 *   that scores which separate the classes do not give an infinite slope.
 */
export function fitCalibration(scores: ArrayLike<number>, labels: Uint8Array): PlattScaling {
  let positives = 0;
  for (const label of labels) positives += label;
  const yes = (positives + 1) / (positives + 2);
  const no = 1 / (labels.length - positives + 2);
  const targets = Float64Array.from(labels, (label) => (label === 1 ? yes : no));
  const { coefficients, intercept } = fitLogistic(Float64Array.from(scores, logit), 1, targets, { l2: 0 });
  return { slope: coefficients[0] ?? 1, intercept };
}

/** The corrected probabilities. */
export function calibrate({ slope, intercept }: PlattScaling, scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (score) => sigmoid(slope * logit(score) + intercept));
}

/** ln(p / (1 − p)), with p kept 2.2e-16 away from 0 and 1. */
function logit(score: number): number {
  const p = Math.min(Math.max(score, Number.EPSILON), 1 - Number.EPSILON);
  return Math.log(p) - Math.log1p(-p);
}
