import type { BatchPlan } from './batch-plan.ts';
import type { LstmHyper } from './hyper.ts';
import { learningRateAt } from './hyper.ts';
import type { NetworkKernel } from './kernel/network-kernel.ts';
import type { Sequences } from './sequences.ts';
import { trieLoader, xorshift } from './trie-loader.ts';

/** What batches are made of, for one thread or many. */
export interface TrainingData extends Sequences {
  readonly labels: Uint8Array;
  readonly session?: Uint32Array;
}

/** What is the same for all batches of a training. */
export interface RunSettings {
  readonly hyper: LstmHyper;
  readonly parts: number;
  /** Steps of all epochs, for the schedule. */
  readonly steps: number;
  readonly classWeights: readonly [number, number];
}

/** A stretch of an epoch. */
export interface Stretch {
  readonly plan: BatchPlan;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  /** Steps of Adam before the stretch. */
  readonly stepsBefore: number;
}

/** Examples that are scored at a time: enough for wide levels, few enough to stay in the cache. */
export const SCORE_CHUNK = 512;

/** Works batches out in parts, on one kernel. The parts of a batch may be done by several runners on one memory; the step by one. */
export interface BatchRunner {
  /** Gradients of one part into its own block. @returns the part's loss, summed over the weights. */
  part(stretch: Stretch, batch: number, part: number): number;
  /** The step of Adam after all parts of a batch are done. */
  step(stretch: Stretch, batch: number): void;
}

/** A runner over `data` on a kernel. */
export function batchRunner(kernel: NetworkKernel, data: TrainingData, settings: RunSettings): BatchRunner {
  const { hyper, parts, steps, classWeights } = settings;
  const { weightDecay = 0, clipNorm = 0, dropout = 0, contextDropout = 0, inputRate = 1 } = hyper;
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = hyper;
  const loader = trieLoader(data, kernel);
  const { labels, session } = data;
  const batchOf = ({ partStart }: BatchPlan, batch: number): readonly [number, number] => [
    partStart[batch * parts] ?? 0,
    partStart[(batch + 1) * parts] ?? 0,
  ];
  const weightOf = (plan: BatchPlan, batch: number): number => {
    const [from, to] = batchOf(plan, batch);
    if (classWeights[0] === 1 && classWeights[1] === 1) return to - from;
    let weight = 0;
    for (let i = from; i < to; i++) weight += classWeights[labels[plan.examples[i] ?? 0] === 1 ? 1 : 0];
    return weight;
  };
  return {
    part({ plan, epoch, from, stepsBefore }, batch, part) {
      const at = batch * parts + part;
      const examples = plan.examples.subarray(plan.partStart[at], plan.partStart[at + 1]);
      const step = stepsBefore + batch - from + 1;
      const { shape } = loader.load(examples, {
        labels,
        classWeights,
        ...(dropout > 0 ? { dropout: { rate: dropout, key: Math.imul(hyper.seed, 0x9e3779b1) ^ step } } : {}),
        ...(contextDropout > 0
          ? { hides: (example) => hidingOf(hyper.seed, epoch, session?.[example] ?? example) < contextDropout }
          : {}),
      });
      const loss = kernel.forward(shape);
      kernel.backward(shape, weightOf(plan, batch), part);
      return loss;
    },
    step({ from, stepsBefore }, batch) {
      const step = stepsBefore + batch - from + 1;
      kernel.gather(parts);
      const rate = learningRateAt(hyper, step, steps);
      const norm = clipNorm > 0 ? kernel.gradientNorm() : 0;
      kernel.adam({
        rate: (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step),
        inputRate,
        kept: 1 - rate * weightDecay,
        clip: norm > clipNorm ? clipNorm / norm : 1,
        beta1,
        beta2,
        epsilon,
      });
    },
  };
}

/** A number from 0 to 1 for a session in an epoch: below the rate its context is hidden. */
function hidingOf(seed: number, epoch: number, session: number): number {
  let state = Math.imul(seed ^ Math.imul(epoch, 0x85ebca6b) ^ Math.imul(session + 1, 0x9e3779b1), 0xc2b2ae35) | 1;
  for (let i = 0; i < 4; i++) state = xorshift(state);
  return (Math.imul(state, 0x2545f491) >>> 0) / 2 ** 32;
}

/** Scores a stretch of `order` into `scores`, by example. @returns their loss, summed, in nats; 0 without labels. */
export function scoreStretch(
  loader: ReturnType<typeof trieLoader>,
  kernel: NetworkKernel,
  examples: Uint32Array,
  { scores, labels }: { readonly scores: Float32Array; readonly labels?: Uint8Array },
): number {
  const batch = loader.load(examples, labels === undefined ? {} : { labels });
  const loss = kernel.forward(batch.shape);
  for (let i = 0; i < examples.length; i++) {
    scores[examples[i] ?? 0] = batch.arrays.probabilities[batch.terminalOf[i] ?? 0] ?? 0;
  }
  return labels === undefined ? 0 : loss;
}
