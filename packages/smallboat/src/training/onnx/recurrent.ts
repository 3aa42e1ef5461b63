import type { OnnxNode } from './onnx-reader.ts';
import type { Tensor } from './tensor.ts';
import { tensorOf } from './tensor.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * ONNX's LSTM and GRU, one direction forward, with the usual activations, without peepholes. Throws an `Error` for other forms.
 *
 * @returns Y `[length, 1, batch, units]`, Y_h and Y_c `[1, batch, units]`.
 */
export function recurrent(node: OnnxNode, inputs: readonly (Tensor | undefined)[]): readonly Tensor[] {
  const { operator, attributes } = node;
  const isGru = operator === 'GRU';
  const gates = isGru ? 3 : 4;
  const usual = isGru ? ['Sigmoid', 'Tanh'] : ['Sigmoid', 'Tanh', 'Tanh'];
  const activations = attributes.get('activations')?.texts ?? usual;
  const isOdd =
    (attributes.get('direction')?.text ?? 'forward') !== 'forward' ||
    activations.join() !== usual.join() ||
    (attributes.get('layout')?.integer ?? 0) !== 0 ||
    (isGru && (attributes.get('linear_before_reset')?.integer ?? 0) !== 1) ||
    inputs[7] !== undefined;
  if (isOdd)
    throw new Error(
      `a ${operator} that is not forward, with other activations, or in another form than Keras's and PyTorch's`,
    );
  const [x, w, r, b, lengths, h0, c0] = inputs;
  if (x === undefined || w === undefined || r === undefined) throw new Error(`a ${operator} without input or weights`);
  const [length = 0, batch = 0, width = 0] = x.sizes;
  const units = r.sizes[2] ?? 0;
  const rows = gates * units;
  const out = new Float64Array(length * batch * units);
  const h = h0?.values.slice() ?? new Float64Array(batch * units);
  const c = c0?.values.slice() ?? new Float64Array(batch * units);
  const [input, state] = [new Float64Array(rows), new Float64Array(rows)];
  const gate = (k: number, u: number): number => (input[k * units + u] ?? 0) + (state[k * units + u] ?? 0);
  for (let n = 0; n < batch; n++) {
    const mine = h.subarray(n * units, (n + 1) * units);
    const cell = c.subarray(n * units, (n + 1) * units);
    for (let t = 0; t < Math.min(length, lengths?.values[n] ?? length); t++) {
      for (let j = 0; j < rows; j++) {
        let sum = b?.values[j] ?? 0;
        for (let k = 0; k < width; k++)
          sum += (w.values[j * width + k] ?? 0) * (x.values[(t * batch + n) * width + k] ?? 0);
        input[j] = sum;
        sum = b?.values[rows + j] ?? 0;
        for (let k = 0; k < units; k++) sum += (r.values[j * units + k] ?? 0) * (mine[k] ?? 0);
        state[j] = sum;
      }
      for (let u = 0; u < units; u++) {
        if (isGru) {
          const fresh = Math.tanh((input[2 * units + u] ?? 0) + sigmoid(gate(1, u)) * (state[2 * units + u] ?? 0));
          const update = sigmoid(gate(0, u));
          mine[u] = (1 - update) * fresh + update * (mine[u] ?? 0);
        } else {
          cell[u] = sigmoid(gate(2, u)) * (cell[u] ?? 0) + sigmoid(gate(0, u)) * Math.tanh(gate(3, u));
          mine[u] = sigmoid(gate(1, u)) * Math.tanh(cell[u] ?? 0);
        }
      }
      out.set(mine, (t * batch + n) * units);
    }
  }
  return [tensorOf([length, 1, batch, units], out), tensorOf([1, batch, units], h), tensorOf([1, batch, units], c)];
}
