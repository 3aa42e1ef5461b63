import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Examples } from '../features/index.ts';
import { exampleCount, sequenceAt } from '../features/index.ts';
import { defineErrors, sha256, writeWhole, messageOf } from '../kernel/index.ts';
import { Behaviour, behaviourOf } from './behaviour.ts';
import type { Estimator } from './estimate.ts';
import { ESTIMATED, estimatePerformance, fitEstimator } from './estimate.ts';
import { measure } from './performance.ts';
import { LAST_ACTIONS, MAX_LENGTH, POINTS, PROFILE_ACTIONS, SCORE_BINS, profiler } from './profile.ts';

const count = z.number().int().nonnegative();
const counts = (length: number): z.ZodArray<typeof count> => z.array(count).length(length);
/** JSON has no NaN: a figure that does not exist (the AUC of one class) is null in the file. */
const figure = z.number().nullable();

const Profile = z.object({
  examples: count,
  scores: counts(SCORE_BINS),
  lengths: counts(MAX_LENGTH + 1),
  actions: counts(PROFILE_ACTIONS.length),
  spread: z.object({ cc: counts(PROFILE_ACTIONS.length ** 2), cn: counts(PROFILE_ACTIONS.length), nn: count }),
  lastActions: counts(LAST_ACTIONS.length),
  points: counts(POINTS.length),
});

const numbers = z.array(z.number());

const EstimatorPart = z.object({
  threshold: z.number(),
  calibration: z.object({ x: numbers, y: numbers }).nullable(),
  unitErrors: z.record(z.enum(ESTIMATED), figure),
  /** The estimates on the examples themselves. */
  own: z.record(z.enum(ESTIMATED), figure),
});

const Content = z.object({
  format: z.literal('smallboat-reference'),
  version: z.literal(1),
  /** Milliseconds since 1970. */
  madeAt: z.number(),
  model: z.object({ name: z.string().exactOptional(), version: z.string().exactOptional() }),
  /** Where the training data and the scores come from: run, data snapshot, code. */
  lineage: z.record(z.string(), z.string()),
  profile: Profile,
  performance: z.object({
    examples: count,
    positives: count,
    rocAuc: figure,
    rocAucError: figure,
    logLoss: figure,
    meanScore: figure,
    rate: figure,
    calibrationError: figure,
  }),
  behaviour: Behaviour,
  /** Not in files written before there was one. */
  estimator: EstimatorPart.exactOptional(),
});

const ReferenceFile = Content.extend({ sha256: z.string() });

/**
 * What the data looked like on which a model was judged before it went live, and what the model said about it: all that a
 * drift report compares with. Counts only; no session of anybody is in it.
 */
export type Reference = z.infer<typeof ReferenceFile>;

export const referenceErrors = defineErrors({
  REFERENCE_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not a monitoring reference: ${f.problem}. Train again to write it anew, or name another with --reference.`,
  REFERENCE_CORRUPT: (f: { path: string; expected: string; found: string }) =>
    `${f.path} was changed after it was written: its content has sha256 ${f.found.slice(0, 12)}…, and it names ${f.expected.slice(0, 12)}…. Restore it, or train again.`,
  REFERENCE_EMPTY: (f: { examples: number; scores: number }) =>
    `A reference needs examples, and a score for each; there are ${f.examples} examples and ${f.scores} scores. Score the validation or test part, and hand in both.`,
});

export interface ReferenceOptions {
  /** Examples that the model was not fitted to: the validation or the test part. */
  readonly examples: Examples;
  /** The model's probability for each example. */
  readonly scores: ArrayLike<number>;
  readonly model?: { readonly name?: string; readonly version?: string };
  readonly lineage?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
}

/** Sums up scored examples. @throws REFERENCE_EMPTY */
export function makeReference({
  examples,
  scores,
  model = {},
  lineage = {},
  clock = Date.now,
}: ReferenceOptions): Reference {
  const n = exampleCount(examples);
  if (n === 0 || scores.length !== n) throw referenceErrors.REFERENCE_EMPTY({ examples: n, scores: scores.length });
  const profile = profiler();
  for (let i = 0; i < n; i++) profile.add(sequenceAt(examples, i), scores[i] ?? Number.NaN);
  const { calibration: _, ...performance } = measure(scores, examples.labels);
  // Through the schema, so that the fields have the order in which they are hashed when the file is read.
  const content = Content.parse({
    format: 'smallboat-reference',
    version: 1,
    madeAt: clock(),
    model,
    lineage,
    profile: profile.done(),
    performance: Object.fromEntries(Object.entries(performance).map(([k, v]) => [k, Number.isFinite(v) ? v : null])),
    behaviour: behaviourOf(examples),
    estimator: estimatorPart(fitEstimator({ scores, labels: examples.labels }), scores),
  });
  return { ...content, sha256: sha256(JSON.stringify(content)) };
}

function estimatorPart(estimator: Estimator, scores: ArrayLike<number>): z.infer<typeof EstimatorPart> {
  const own = estimatePerformance(estimator, scores);
  const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
  const each = (of: (name: (typeof ESTIMATED)[number]) => number): Record<(typeof ESTIMATED)[number], number | null> =>
    Object.fromEntries(ESTIMATED.map((name) => [name, orNull(of(name))])) as ReturnType<typeof each>;
  return {
    threshold: estimator.threshold,
    calibration:
      estimator.calibration === null ? null : { x: [...estimator.calibration.x], y: [...estimator.calibration.y] },
    unitErrors: each((name) => estimator.unitErrors[name]),
    own: each((name) => own[name].value),
  };
}

/** Writes a reference, whole or not at all. */
export async function writeReference(path: string, reference: Reference): Promise<void> {
  await writeWhole(path, `${JSON.stringify(reference)}\n`);
}

/** Reads a reference. Rejects with `REFERENCE_UNREADABLE` and `REFERENCE_CORRUPT`. */
export async function readReference(path: string): Promise<Reference> {
  let read: Reference;
  try {
    read = ReferenceFile.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw referenceErrors.REFERENCE_UNREADABLE({ path, problem }, { cause });
  }
  const { sha256: expected, ...content } = read;
  const found = sha256(JSON.stringify(content));
  if (found !== expected) throw referenceErrors.REFERENCE_CORRUPT({ path, expected, found });
  return read;
}
