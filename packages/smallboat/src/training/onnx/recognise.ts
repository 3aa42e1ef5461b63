import { VOCABULARY_SIZE } from '../../features/index.ts';
import type { LstmWeights } from '../network-weights.ts';
import type { OnnxGraph, OnnxNode } from './onnx-reader.ts';
import type { Tensor } from './tensor.ts';
import { multiply, transpose } from './tensor.ts';

/** Where our gates i, f, c, o stand in ONNX's i, o, f, c; ours r, z, n in its z, r, h. */
const ORDER = { LSTM: [0, 2, 3, 1], GRU: [1, 0, 2] } as const;

/**
 * The weights of a graph that is an embedding (or one-hot rows) → one LSTM or GRU → one dense unit, as PyTorch, Keras and this
 * project export them; undefined where it looks like something else. What it cannot see, as which state the dense unit is given, the caller
 * checks by comparing answers.
 */
export function recogniseNetwork(graph: OnnxGraph): LstmWeights | undefined {
  const layers = graph.nodes.filter(({ operator }) => operator === 'LSTM' || operator === 'GRU');
  const [layer] = layers;
  if (layer === undefined || layers.length > 1) return undefined;
  const kind = layer.operator === 'GRU' ? 'GRU' : 'LSTM';
  const constantOf = (name: string | undefined): Tensor | undefined =>
    name === undefined ? undefined : constant(graph, name);
  const [w, r, b] = [1, 2, 3].map((i) => constantOf(layer.inputs[i]));
  const rows = embeddingOf(graph, layer.inputs[0] ?? '');
  const dense = denseOf(graph);
  if (w === undefined || r === undefined || dense === undefined || rows === undefined) return undefined;
  const units = r.sizes[2] ?? 0;
  const order = ORDER[kind];
  const width = order.length * units;
  if (w.sizes[1] !== width || dense.kernel.length !== units) return undefined;
  const input = transpose({ sizes: w.sizes.slice(1), values: w.values }, [1, 0]);
  const table = rows === 'one-hot' ? input : fits(rows, input) ? multiply(rows, input) : undefined;
  if (table === undefined || (table.sizes[0] ?? 0) < VOCABULARY_SIZE) return undefined;
  const gatesInOrder = (values: ArrayLike<number>, count: number): Float32Array =>
    Float32Array.from({ length: count * width }, (_, i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return values[row * width + (order[Math.floor(column / units)] ?? 0) * units + (column % units)] ?? 0;
    });
  const recurrent = transpose({ sizes: r.sizes.slice(1), values: r.values }, [1, 0]);
  const both = Float64Array.from({ length: 2 * width }, (_, i) => b?.values[i] ?? 0);
  const last = kind === 'GRU' ? 2 * units : width;
  // The two biases add up, but for that of a GRU's last gate, which is reset with the state.
  const bias = Float64Array.from({ length: width }, (_, i) => (both[i] ?? 0) + (i < last ? (both[width + i] ?? 0) : 0));
  const weights = {
    units,
    kernel: gatesInOrder(table.values, VOCABULARY_SIZE),
    recurrentKernel: gatesInOrder(recurrent.values, units),
    bias: gatesInOrder(bias, 1),
    denseKernel: Float32Array.from(dense.kernel),
    denseBias: Float32Array.of(dense.bias),
  };
  return kind === 'GRU'
    ? { cell: 'gru', ...weights, recurrentBias: Float32Array.from(both.subarray(width + last)) }
    : weights;
}

const fits = (a: Tensor, b: Tensor): boolean => a.sizes.length === 2 && a.sizes[1] === b.sizes[0];

function constant({ constants, nodes }: OnnxGraph, name: string): Tensor | undefined {
  return (
    constants.get(name) ??
    nodes.find(({ operator, outputs }) => operator === 'Constant' && outputs[0] === name)?.attributes.get('value')
      ?.tensor
  );
}

function makerOf({ nodes }: OnnxGraph, name: string): OnnxNode | undefined {
  return nodes.find(({ outputs }) => outputs.includes(name));
}

/** What the layer's input is looked up in; `one-hot` where the rows themselves come in. */
function embeddingOf(graph: OnnxGraph, from: string): Tensor | 'one-hot' | undefined {
  let name = from;
  for (;;) {
    if (graph.inputs.some((input) => input.name === name && input.sizes.length === 3)) return 'one-hot';
    const maker = makerOf(graph, name);
    if (maker === undefined) return undefined;
    if (maker.operator === 'Gather') return constant(graph, maker.inputs[0] ?? '');
    if (!['Transpose', 'Identity', 'Cast', 'Concat', 'Dropout', 'Squeeze'].includes(maker.operator)) return undefined;
    if (maker.operator === 'Concat' && maker.inputs.length > 1) return undefined;
    name = maker.inputs[0] ?? '';
  }
}

/** The one dense unit, in either of its forms: Gemm, or MatMul and Add. */
function denseOf(graph: OnnxGraph): { readonly kernel: Float64Array; readonly bias: number } | undefined {
  const products = graph.nodes.filter(({ operator }) => operator === 'Gemm' || operator === 'MatMul');
  const [product] = products;
  if (product === undefined || products.length > 1) return undefined;
  const kernel = constant(graph, product.inputs[1] ?? '');
  if (kernel === undefined) return undefined;
  if (product.operator === 'Gemm') {
    const bias = product.inputs[2] === undefined ? undefined : constant(graph, product.inputs[2]);
    return { kernel: kernel.values, bias: bias?.values[0] ?? 0 };
  }
  const sum = graph.nodes.find(
    ({ operator, inputs }) => operator === 'Add' && inputs.includes(product.outputs[0] ?? ''),
  );
  const other = sum?.inputs.find((name) => name !== product.outputs[0]);
  const bias = other === undefined ? undefined : constant(graph, other);
  return { kernel: kernel.values, bias: bias?.values[0] ?? 0 };
}
