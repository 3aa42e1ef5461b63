import { VOCABULARY_SIZE } from '../features/index.ts';
import { batchLoader } from './batch-trie.ts';
import type { BatchLoader } from './batch-trie.ts';
import { lstmKernel } from './kernel/lstm-kernel.ts';
import type { LstmKernel } from './kernel/lstm-kernel.ts';
import type { LstmWeights } from './lstm-weights.ts';
import { sequenceTrie } from './sequence-trie.ts';
import type { SequenceTrie, Sequences } from './sequence-trie.ts';

/** Distinct sequences run through the kernel at a time: enough for wide levels, few enough to stay in the cache. */
const CHUNK = 512;

/**
 * Scores many sequences: prefixes that several share are computed once.
 *
 * @returns The probability of label 1 for each sequence, in the order given. Throws `SEQUENCE_TOKEN_UNKNOWN`.
 */
export function scoreLstm(weights: LstmWeights, sequences: Sequences): Float32Array {
  const kernel = lstmKernel({ units: weights.units, vocabulary: VOCABULARY_SIZE });
  kernel.setWeights(weights);
  return scoreWith(kernel, sequences);
}

/** `scoreLstm` with a kernel that has its weights already. */
export function scoreWith(kernel: LstmKernel, sequences: Sequences): Float32Array {
  const trie = sequenceTrie(sequences, VOCABULARY_SIZE);
  const groups = groupedByEnd(trie);
  const { scores } = scoreGroups(kernel, batchLoader(trie, kernel), groups);
  const byNode = new Float32Array(trie.nodes);
  for (let i = 0; i < scores.length; i++) byNode[groups.ends[i] ?? 0] = scores[i] ?? 0;
  return Float32Array.from(trie.end, (node) => byNode[node] ?? 0);
}

/** Examples that are the same sequence, taken together. */
export interface Groups {
  /** Node where the group's sequence ends; ascending, so that neighbours share prefixes. */
  readonly ends: Uint32Array;
  readonly counts: Uint32Array;
  readonly positives: Uint32Array;
}

/** Groups the sequences of a trie by where they end; `labels` (0 or 1) is as long as there are sequences. */
export function groupedByEnd(trie: SequenceTrie, labels?: Uint8Array): Groups {
  const counts = new Uint32Array(trie.nodes);
  const positives = new Uint32Array(trie.nodes);
  for (let i = 0; i < trie.end.length; i++) {
    const node = trie.end[i] ?? 0;
    counts[node] = (counts[node] ?? 0) + 1;
    positives[node] = (positives[node] ?? 0) + (labels?.[i] ?? 0);
  }
  const ends = Uint32Array.from(trie.end)
    .sort()
    .filter((node, i, all) => node !== all[i - 1]);
  return { ends, counts: ends.map((node) => counts[node] ?? 0), positives: ends.map((node) => positives[node] ?? 0) };
}

/** Scores of all groups, and the binary cross-entropy in nats, summed over their examples. */
export function scoreGroups(
  kernel: LstmKernel,
  loader: BatchLoader,
  groups: Groups,
): { readonly scores: Float32Array; readonly loss: number } {
  const { ends, counts, positives } = groups;
  const scores = new Float32Array(ends.length);
  let loss = 0;
  for (let first = 0; first < ends.length; first += CHUNK) {
    const last = Math.min(ends.length, first + CHUNK);
    const batch = loader.load(
      ends.subarray(first, last),
      positives.subarray(first, last),
      counts.subarray(first, last),
    );
    loss += kernel.forward(batch.shape);
    for (let i = first; i < last; i++) scores[i] = batch.arrays.probabilities[batch.terminalOf[i - first] ?? 0] ?? 0;
  }
  return { scores, loss };
}
