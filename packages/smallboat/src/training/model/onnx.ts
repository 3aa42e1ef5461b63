import type { Column } from '../../features/index.ts';
import { VOCABULARY_SIZE, valuesOf } from '../../features/index.ts';
import type { LstmWeights } from '../network-weights.ts';
import { inputLayout } from '../network-weights.ts';
import { bytesField, intField, message, messageField, textField } from './protobuf.ts';
import type { ProtobufField } from './protobuf.ts';

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;

/**
 * The model as an ONNX file (IR version 8, opset 17), for onnxruntime and all that reads ONNX.
 *
 * Inputs `tokens`, int64 `[batch, length]`, rows filled up with any token (padding is one more than the last), and
 * `lengths`, int32 `[batch]`, at least 1. Where events have columns, `context` too, int64 `[batch, length, columns]`: the bytes of
 * each event, all 0 for a start and for padding. Output `probability`, float32 `[batch]`.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the numbers of the fields.
 */
export function onnxModel(weights: LstmWeights, name: string, columns: readonly Column[] = []): Uint8Array {
  const { units } = weights;
  const isGru = weights.cell === 'gru';
  const inputs = weights.kernel.length / ((isGru ? 3 : 4) * units);
  const layer = isGru ? 'GRU' : 'LSTM';
  const context = contextGraph(columns);
  const graph = [
    node('Transpose', ['tokens'], ['steps']),
    node('Gather', ['one_hot', 'steps'], ['token_rows']),
    ...context.nodes,
    node('Concat', ['token_rows', ...context.parts], ['inputs'], [integerAttribute('axis', 2)]),
    // The second output is the state after each sequence's own length.
    node(
      layer,
      ['inputs', 'layer_w', 'layer_r', 'layer_b', 'lengths'],
      ['', 'last'],
      [integerAttribute('hidden_size', units), ...(isGru ? [integerAttribute('linear_before_reset', 1)] : [])],
    ),
    node('Squeeze', ['last', 'axis_0'], ['state']),
    node('Gemm', ['state', 'dense_kernel', 'dense_bias'], ['logit']),
    node('Sigmoid', ['logit'], ['probabilities']),
    node('Squeeze', ['probabilities', 'axis_1'], ['probability']),
    textField(2, name),
    floats('one_hot', [VOCABULARY_SIZE + 1, VOCABULARY_SIZE], oneHot(VOCABULARY_SIZE)),
    ...context.tables,
    ...layerTensors(weights, inputs),
    floats('dense_kernel', [units, 1], weights.denseKernel),
    floats('dense_bias', [1], weights.denseBias),
    integers('axis_0', [0]),
    integers('axis_1', [1]),
    valueInfo(11, 'tokens', INT64, ['batch', 'length']),
    ...(columns.length === 0 ? [] : [valueInfo(11, 'context', INT64, ['batch', 'length', columns.length])]),
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

/** What turns the bytes of `context` into the inputs after the tokens', in the order of the weights' rows: categories, then numbers. */
function contextGraph(columns: readonly Column[]): {
  readonly nodes: readonly ProtobufField[];
  readonly parts: readonly string[];
  readonly tables: readonly ProtobufField[];
} {
  if (columns.length === 0) return { nodes: [], parts: [], tables: [] };
  const nodes = [node('Transpose', ['context'], ['bytes'], [integersAttribute('perm', [1, 0, 2])])];
  const parts: string[] = [];
  const tables: ProtobufField[] = [];
  const { categories, numbers } = inputLayout(columns);
  for (const i of [...categories.map(({ column }) => column), ...numbers]) {
    const column = columns[i];
    if (column === undefined) continue;
    tables.push(integer(`column_${i}`, i));
    nodes.push(node('Gather', ['bytes', `column_${i}`], [`bytes_${i}`], [integerAttribute('axis', 2)]));
    nodes.push(node('Gather', [`table_${i}`, `bytes_${i}`], [`part_${i}`]));
    if (column.kind === 'category')
      tables.push(floats(`table_${i}`, [column.size, column.size], identity(column.size)));
    else tables.push(floats(`table_${i}`, [256, 1], valuesOf(column)));
    parts.push(`part_${i}`);
  }
  return { nodes, parts, tables };
}

/** Weights of the recurrent layer in ONNX's order of gates: i, o, f, c and z, r, h. */
function layerTensors(weights: LstmWeights, inputs: number): readonly ProtobufField[] {
  const { units, kernel, recurrentKernel, bias, recurrentBias } = weights;
  const order = weights.cell === 'gru' ? GRU_GATES : LSTM_GATES;
  const width = order.length * units;
  // ONNX has a bias for the input and one for the recurrent product; only a GRU's last gate has the second.
  const biases = new Float32Array(2 * width);
  biases.set(transposedGates(bias, 1, { units, order }));
  if (recurrentBias !== undefined) biases.set(recurrentBias, 2 * width - units);
  return [
    floats('layer_w', [1, width, inputs], transposedGates(kernel, inputs, { units, order })),
    floats('layer_r', [1, width, units], transposedGates(recurrentKernel, units, { units, order })),
    floats('layer_b', [1, 2 * width], biases),
  ];
}

/** Rows of the identity, and a row of zeros for padding. */
function oneHot(vocabulary: number): Float32Array {
  const rows = new Float32Array((vocabulary + 1) * vocabulary);
  rows.set(identity(vocabulary));
  return rows;
}

function identity(size: number): Float32Array {
  const rows = new Float32Array(size * size);
  for (let i = 0; i < size; i++) rows[i * size + i] = 1;
  return rows;
}

/** Where ONNX's gates i, o, f, c stand in our i, f, c, o, and its z, r, h in our r, z, n. */
const LSTM_GATES = [0, 3, 1, 2] as const;
const GRU_GATES = [1, 0, 2] as const;

/** `[rows, gates·units]` to `[gates·units, rows]` with the gates in another order. */
function transposedGates(
  matrix: Float32Array,
  rows: number,
  { units, order }: { readonly units: number; readonly order: readonly number[] },
): Float32Array {
  const width = order.length * units;
  const out = new Float32Array(matrix.length);
  for (const [to, from] of order.entries()) {
    for (let u = 0; u < units; u++) {
      for (let r = 0; r < rows; r++) out[(to * units + u) * rows + r] = matrix[r * width + from * units + u] ?? 0;
    }
  }
  return out;
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
function integerAttribute(name: string, value: number): ProtobufField {
  return messageField(5, [textField(1, name), intField(3, value), intField(20, 2)]);
}

/** An attribute that is a list of integers (type 7). */
function integersAttribute(name: string, values: readonly number[]): ProtobufField {
  return messageField(5, [textField(1, name), ...values.map((value) => intField(8, value)), intField(20, 7)]);
}

function floats(name: string, shape: readonly number[], values: Float32Array): ProtobufField {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return tensor(name, FLOAT, shape, bytes);
}

function integers(name: string, values: readonly number[]): ProtobufField {
  return tensor(name, INT64, [values.length], new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
}

/** A tensor without a dimension. */
function integer(name: string, value: number): ProtobufField {
  return tensor(name, INT64, [], new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
}

function tensor(name: string, type: number, shape: readonly number[], bytes: Uint8Array): ProtobufField {
  return messageField(5, [
    ...shape.map((size) => intField(1, size)),
    intField(2, type),
    textField(8, name),
    bytesField(9, bytes),
  ]);
}

/** An input (field 11) or output (field 12) with sizes that are named or fixed. */
function valueInfo(field: number, name: string, type: number, shape: readonly (string | number)[]): ProtobufField {
  const sizes = messageField(
    2,
    shape.map((size) => messageField(1, [typeof size === 'number' ? intField(1, size) : textField(2, size)])),
  );
  return messageField(field, [textField(1, name), messageField(2, [messageField(1, [intField(1, type), sizes])])]);
}
