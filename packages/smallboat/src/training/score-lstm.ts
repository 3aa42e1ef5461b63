import { SCORE_CHUNK, scoreStretch } from './batch-runner.ts';
import { networkKernel } from './kernel/network-kernel.ts';
import type { NetworkKernel } from './kernel/network-kernel.ts';
import type { LstmWeights, NetworkForm } from './network-weights.ts';
import { inputLayout } from './network-weights.ts';
import type { Sequences } from './sequences.ts';
import { checkSequences, sequenceErrors, sharingOrder } from './sequences.ts';
import { trieLoader } from './trie-loader.ts';

/**
 * Scores many sequences: prefixes that several share are computed once.
 *
 * @returns The probability of label 1 for each sequence, in the order given.
 * @throws SEQUENCE_TOKEN_UNKNOWN, SEQUENCE_VALUE_UNKNOWN, SEQUENCES_UNLIKE
 */
export function scoreLstm(weights: LstmWeights, sequences: Sequences): Float32Array {
  return scoreWith(kernelFor(weights, sequences.context?.columns), sequences);
}

/** A kernel with these weights. @throws SEQUENCES_UNLIKE where they are not made for the columns. */
export function kernelFor(weights: LstmWeights, columns: NetworkForm['columns']): NetworkKernel {
  const { cell, units, kernel: input } = weights;
  const form: NetworkForm = {
    units,
    ...(cell === undefined ? {} : { cell }),
    ...(columns === undefined ? {} : { columns }),
  };
  const { inputs } = inputLayout(columns);
  const rows = input.length / (units * (cell === 'gru' ? 3 : 4));
  if (rows !== inputs) {
    throw sequenceErrors.SEQUENCES_UNLIKE({ problem: `events give ${inputs} inputs, and the weights have ${rows}` });
  }
  const kernel = networkKernel(form);
  kernel.setWeights(weights);
  return kernel;
}

/** `scoreLstm` with a kernel that has its weights already. */
export function scoreWith(kernel: NetworkKernel, sequences: Sequences): Float32Array {
  checkSequences(sequences);
  const scores = new Float32Array(sequences.offsets.length - 1);
  const order = sharingOrder(sequences);
  const loader = trieLoader(sequences, kernel);
  for (let from = 0; from < order.length; from += SCORE_CHUNK) {
    scoreStretch(loader, kernel, order.subarray(from, from + SCORE_CHUNK), { scores });
  }
  return scores;
}
