// The kernel of training and inference, in AssemblyScript: an LSTM or GRU → Dense(1, sigmoid) over a trie of sequences.

export {
  P, gatesOf, inputRows, categories, numbers, scale, isDropping, weights, gradients, moments1, moments2, tokenRows, inputBias, transposed,
  parents, tokens, slopes, terminalAt, rowsOf, numbersOf, projected, gates, tanhs, cells, states, rows, cellGradients, stateGradients,
  levels, terminalNodes, terminalCounts, terminalPositives, probabilities, masks, maskedDense, firstFree,
} from './memory';
export { answer, backward, begin, forward, refresh, scoreOne, step } from './network';
export { adam, addGradients, squaredNorm } from './optimizer';
