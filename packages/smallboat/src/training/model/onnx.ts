import type { LstmWeights } from '../lstm-weights.ts';
import { bytesField, intField, message, messageField, textField } from './protobuf.ts';
import type { ProtobufField } from './protobuf.ts';

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

/**
 * The model as an ONNX file (IR version 8, opset 17), for onnxruntime and all that reads ONNX.
 *
 * Inputs `tokens`, int64 `[batch, length]`, rows filled up with any token (padding is one more than the last), and
 * `lengths`, int32 `[batch]`, at least 1. Output `probability`, float32 `[batch]`.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the numbers of the fields.
 */
export function onnxModel(weights: LstmWeights, name: string): Uint8Array {
  const { units } = weights;
  const vocabulary = weights.kernel.length / (4 * units);
  const graph = [
    node('Transpose', ['tokens'], ['steps']),
    node('Gather', ['one_hot', 'steps'], ['inputs']),
    // The second output is the state after each sequence's own length.
    node('LSTM', ['inputs', 'lstm_w', 'lstm_r', 'lstm_b', 'lengths'], ['', 'last'], [attribute('hidden_size', units)]),
    node('Squeeze', ['last', 'axis_0'], ['state']),
    node('Gemm', ['state', 'dense_kernel', 'dense_bias'], ['logit']),
    node('Sigmoid', ['logit'], ['probabilities']),
    node('Squeeze', ['probabilities', 'axis_1'], ['probability']),
    textField(2, name),
    floats('one_hot', [vocabulary + 1, vocabulary], oneHot(vocabulary)),
    floats('lstm_w', [1, 4 * units, vocabulary], transposedGates(weights.kernel, vocabulary, units)),
    floats('lstm_r', [1, 4 * units, units], transposedGates(weights.recurrentKernel, units, units)),
    floats('lstm_b', [1, 8 * units], twoBiases(weights.bias, units)),
    floats('dense_kernel', [units, 1], weights.denseKernel),
    floats('dense_bias', [1], weights.denseBias),
    integers('axis_0', [0]),
    integers('axis_1', [1]),
    valueInfo(11, 'tokens', INT64, ['batch', 'length']),
    valueInfo(11, 'lengths', INT32, ['batch']),
    valueInfo(12, 'probability', FLOAT, ['batch']),
  ];
  return message([
    intField(1, 8),
    textField(2, 'smallboat'),
    messageField(7, graph),
    messageField(8, [textField(1, ''), intField(2, 17)]),
  ]);
}

/** Rows of the identity, and a row of zeros for padding. */
function oneHot(vocabulary: number): Float32Array {
  const rows = new Float32Array((vocabulary + 1) * vocabulary);
  for (let i = 0; i < vocabulary; i++) rows[i * vocabulary + i] = 1;
  return rows;
}

/** Where ONNX's gates i, o, f, c stand in Keras's i, f, c, o. */
const GATES = [0, 3, 1, 2] as const;

/** `[rows, 4·units]` with gates i, f, c, o to `[4·units, rows]` with gates i, o, f, c. */
function transposedGates(matrix: Float32Array, rows: number, units: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (const [to, from] of GATES.entries()) {
    for (let u = 0; u < units; u++) {
      for (let r = 0; r < rows; r++) out[(to * units + u) * rows + r] = matrix[r * 4 * units + from * units + u] ?? 0;
    }
  }
  return out;
}

/** ONNX has a bias for the input and one for the recurrent product; the second is 0. */
function twoBiases(bias: Float32Array, units: number): Float32Array {
  const both = new Float32Array(8 * units);
  both.set(transposedGates(bias, 1, units));
  return both;
}

function node(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly ProtobufField[] = [],
): ProtobufField {
  return messageField(1, [
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, `${operator}_${outputs.at(-1) ?? ''}`),
    textField(4, operator),
    ...attributes,
  ]);
}

/** An attribute that is one integer (type 2). */
function attribute(name: string, value: number): ProtobufField {
  return messageField(5, [textField(1, name), intField(3, value), intField(20, 2)]);
}

function floats(name: string, shape: readonly number[], values: Float32Array): ProtobufField {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return tensor(name, FLOAT, shape, bytes);
}

function integers(name: string, values: readonly number[]): ProtobufField {
  return tensor(name, INT64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
}

function tensor(name: string, type: number, shape: readonly number[], bytes: Uint8Array): ProtobufField {
  return messageField(5, [
    ...shape.map((size) => intField(1, size)),
    intField(2, type),
    textField(8, name),
    bytesField(9, bytes),
  ]);
}

/** An input (field 11) or output (field 12) with named sizes. */
function valueInfo(field: number, name: string, type: number, shape: readonly string[]): ProtobufField {
  const sizes = messageField(
    2,
    shape.map((size) => messageField(1, [textField(2, size)])),
  );
  return messageField(field, [textField(1, name), messageField(2, [messageField(1, [intField(1, type), sizes])])]);
}
