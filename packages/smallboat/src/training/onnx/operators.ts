import type { OnnxNode } from './onnx-reader.ts';
import { recurrent } from './recurrent.ts';
import type { Tensor } from './tensor.ts';
import { axisOf, countOf, expand, multiply, stridesOf, tensorOf, transpose, walk, zip } from './tensor.ts';

/** An operation: from the values of its inputs to those of its outputs. Throws an `Error` for what it cannot do. */
export type Operation = (node: OnnxNode, inputs: readonly (Tensor | undefined)[]) => readonly Tensor[];

const each =
  (of: (x: number) => number): Operation =>
  (_, [x]) => [tensorOf(x?.sizes ?? [], (x?.values ?? new Float64Array()).map(of))];

const pair =
  (of: (x: number, y: number) => number): Operation =>
  (_, [a, b]) => [zip(needed(a), needed(b), of)];

function needed(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error('an input that is left out');
  return tensor;
}

/** Whole numbers that are an input in newer opsets and an attribute in older ones. */
function list(node: OnnxNode, name: string, input: Tensor | undefined): readonly number[] | undefined {
  return input === undefined ? node.attributes.get(name)?.integers : Array.from(input.values);
}

function reduce(of: (values: readonly number[]) => number): Operation {
  return (node, [x, axes]) => {
    const { sizes, values } = needed(x);
    const over = new Set((list(node, 'axes', axes) ?? sizes.map((_, d) => d)).map((a) => axisOf(a, sizes.length)));
    const groups = new Map<number, number[]>();
    const kept = sizes.map((n, d) => (over.has(d) ? 1 : n));
    const strides = stridesOf(kept);
    walk(sizes, (index, at) => {
      const to = index.reduce((sum, i, d) => sum + (over.has(d) ? 0 : i * (strides[d] ?? 0)), 0);
      groups.set(to, [...(groups.get(to) ?? []), values[at] ?? 0]);
    });
    const out = Float64Array.from({ length: countOf(kept) }, (_, i) => of(groups.get(i) ?? []));
    const keeps = (node.attributes.get('keepdims')?.integer ?? 1) === 1;
    return [tensorOf(keeps ? kept : kept.filter((_, d) => !over.has(d)), out)];
  };
}

const gather: Operation = (node, [data, indices]) => {
  const { sizes, values } = needed(data);
  const which = needed(indices);
  const axis = axisOf(node.attributes.get('axis')?.integer ?? 0, sizes.length);
  const inner = countOf(sizes.slice(axis + 1));
  const outer = countOf(sizes.slice(0, axis));
  const size = sizes[axis] ?? 1;
  const out = new Float64Array(outer * which.values.length * inner);
  for (let o = 0; o < outer; o++) {
    for (const [i, raw] of which.values.entries()) {
      const index = axisOf(raw, size);
      if (!(index >= 0 && index < size)) throw new Error(`index ${raw} of ${size}`);
      const from = (o * size + index) * inner;
      out.set(values.subarray(from, from + inner), (o * which.values.length + i) * inner);
    }
  }
  return [tensorOf([...sizes.slice(0, axis), ...which.sizes, ...sizes.slice(axis + 1)], out)];
};

const concat: Operation = (node, inputs) => {
  const parts = inputs.map(needed);
  const rank = parts[0]?.sizes.length ?? 0;
  const axis = axisOf(node.attributes.get('axis')?.integer ?? 0, rank);
  const outer = countOf(parts[0]?.sizes.slice(0, axis) ?? []);
  const lengths = parts.map(({ sizes }) => countOf(sizes.slice(axis)));
  const row = lengths.reduce((a, b) => a + b, 0);
  const out = new Float64Array(outer * row);
  for (let o = 0; o < outer; o++) {
    let at = o * row;
    for (const [p, { values }] of parts.entries()) {
      const length = lengths[p] ?? 0;
      out.set(values.subarray(o * length, (o + 1) * length), at);
      at += length;
    }
  }
  const along = parts.reduce((sum, { sizes }) => sum + (sizes[axis] ?? 0), 0);
  return [tensorOf((parts[0]?.sizes ?? []).with(axis, along), out)];
};

const slice: Operation = (node, [data, starts, ends, axes, steps]) => {
  const { sizes, values } = needed(data);
  const from = list(node, 'starts', starts) ?? [];
  const to = list(node, 'ends', ends) ?? [];
  const over = (list(node, 'axes', axes) ?? from.map((_, i) => i)).map((a) => axisOf(a, sizes.length));
  const picked = sizes.map((n, d) => {
    const i = over.indexOf(d);
    if (i === -1) return { start: 0, step: 1, count: n };
    const step = steps?.values[i] ?? 1;
    const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x < 0 ? x + n : x, low), high);
    const [start, end] =
      step > 0
        ? [clamp(from[i] ?? 0, 0, n), clamp(to[i] ?? n, 0, n)]
        : [clamp(from[i] ?? 0, 0, n - 1), clamp(to[i] ?? 0, -1, n - 1)];
    return { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  const strides = stridesOf(sizes);
  const made = picked.map(({ count }) => count);
  const out = new Float64Array(countOf(made));
  walk(made, (index, at) => {
    let place = 0;
    for (const [d, { start, step }] of picked.entries()) place += (start + (index[d] ?? 0) * step) * (strides[d] ?? 0);
    out[at] = values[place] ?? 0;
  });
  return [tensorOf(made, out)];
};

const reshape: Operation = (_, [data, shape]) => {
  const { sizes, values } = needed(data);
  const wanted = Array.from(needed(shape).values, (n, d) => (n === 0 ? (sizes[d] ?? 0) : n));
  const rest = wanted.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
  return [
    tensorOf(
      wanted.map((n) => (n === -1 ? values.length / rest : n)),
      values,
    ),
  ];
};

const gemm: Operation = (node, [a, b, c]) => {
  const turned = (x: Tensor, name: string): Tensor =>
    node.attributes.get(name)?.integer === 1 ? transpose(x, [1, 0]) : x;
  const alpha = node.attributes.get('alpha')?.float ?? 1;
  const beta = node.attributes.get('beta')?.float ?? 1;
  const product = multiply(turned(needed(a), 'transA'), turned(needed(b), 'transB'));
  const scaled = tensorOf(
    product.sizes,
    product.values.map((x) => alpha * x),
  );
  return [c === undefined ? scaled : zip(scaled, c, (x, y) => x + beta * y)];
};

const softmax: Operation = (node, [x]) => {
  const { sizes, values } = needed(x);
  if (axisOf(node.attributes.get('axis')?.integer ?? -1, sizes.length) !== sizes.length - 1) {
    throw new Error('a Softmax over another than the last dimension');
  }
  const row = sizes.at(-1) ?? 1;
  const out = values.slice();
  for (let at = 0; at < out.length; at += row) {
    const part = out.subarray(at, at + row);
    const top = part.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = part.reduce((a, b) => a + Math.exp(b - top), 0);
    for (let i = 0; i < row; i++) part[i] = Math.exp((part[i] ?? 0) - top) / sum;
  }
  return [tensorOf(sizes, out)];
};

const same: Operation = (_, [x]) => [needed(x)];

/** All operations that are known. Those that make whole numbers of floats, as Cast, leave the values as they are but for the fraction. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['Identity', same],
  ['Dropout', same],
  [
    'Constant',
    (node) => {
      const { attributes } = node;
      const tensor = attributes.get('value')?.tensor;
      if (tensor !== undefined) return [tensor];
      const many = attributes.get('value_ints')?.integers ?? attributes.get('value_floats')?.floats;
      if (many !== undefined) return [tensorOf([many.length], Float64Array.from(many))];
      return [
        tensorOf(
          [],
          Float64Array.of(attributes.get('value_int')?.integer ?? attributes.get('value_float')?.float ?? 0),
        ),
      ];
    },
  ],
  [
    'Cast',
    (node, [x]) => {
      const to = node.attributes.get('to')?.integer ?? 1;
      const { sizes, values } = needed(x);
      return [
        tensorOf(
          sizes,
          to === 9 ? values.map((v) => (v === 0 ? 0 : 1)) : to === 6 || to === 7 ? values.map(Math.trunc) : values,
        ),
      ];
    },
  ],
  ['Shape', (_, [x]) => [tensorOf([needed(x).sizes.length], Float64Array.from(needed(x).sizes))]],
  ['Gather', gather],
  ['Concat', concat],
  ['Slice', slice],
  ['Reshape', reshape],
  [
    'Flatten',
    (node, [x]) => {
      const { sizes, values } = needed(x);
      const axis = axisOf(node.attributes.get('axis')?.integer ?? 1, sizes.length);
      return [tensorOf([countOf(sizes.slice(0, axis)), countOf(sizes.slice(axis))], values)];
    },
  ],
  [
    'Transpose',
    (node, [x]) => {
      const tensor = needed(x);
      return [transpose(tensor, node.attributes.get('perm')?.integers ?? tensor.sizes.map((_, d) => d).reverse())];
    },
  ],
  [
    'Squeeze',
    (node, [x, axes]) => {
      const { sizes, values } = needed(x);
      const over = list(node, 'axes', axes)?.map((a) => axisOf(a, sizes.length));
      return [
        tensorOf(
          sizes.filter((n, d) => (over === undefined ? n !== 1 : !over.includes(d))),
          values,
        ),
      ];
    },
  ],
  [
    'Unsqueeze',
    (node, [x, axes]) => {
      const { sizes, values } = needed(x);
      const over = list(node, 'axes', axes) ?? [];
      const rank = sizes.length + over.length;
      const made = over.map((a) => axisOf(a, rank));
      const rest = [...sizes];
      return [
        tensorOf(
          Array.from({ length: rank }, (_, d) => (made.includes(d) ? 1 : (rest.shift() ?? 1))),
          values,
        ),
      ];
    },
  ],
  ['Expand', (_, [x, shape]) => [expand(needed(x), Array.from(needed(shape).values))]],
  [
    'ConstantOfShape',
    (node, [shape]) => {
      const sizes = Array.from(needed(shape).values);
      return [
        tensorOf(sizes, new Float64Array(countOf(sizes)).fill(node.attributes.get('value')?.tensor?.values[0] ?? 0)),
      ];
    },
  ],
  [
    'Where',
    (_, [when, a, b]) => {
      const chosen = zip(needed(when), needed(a), (w, x) => (w === 0 ? Number.NaN : x));
      const other = zip(needed(when), needed(b), (w, x) => (w === 0 ? x : Number.NaN));
      return [zip(chosen, other, (x, y) => (Number.isNaN(y) ? x : y))];
    },
  ],
  ['MatMul', (_, [a, b]) => [multiply(needed(a), needed(b))]],
  ['Gemm', gemm],
  ['Softmax', softmax],
  ['LSTM', recurrent],
  ['GRU', recurrent],
  ['ReduceSum', reduce((v) => v.reduce((a, b) => a + b, 0))],
  ['ReduceMean', reduce((v) => v.reduce((a, b) => a + b, 0) / v.length)],
  ['ReduceMax', reduce((v) => v.reduce((a, b) => Math.max(a, b), -Infinity))],
  ['Add', pair((x, y) => x + y)],
  ['Sub', pair((x, y) => x - y)],
  ['Mul', pair((x, y) => x * y)],
  ['Div', pair((x, y) => x / y)],
  ['Pow', pair((x, y) => x ** y)],
  ['Equal', pair((x, y) => (x === y ? 1 : 0))],
  ['Less', pair((x, y) => (x < y ? 1 : 0))],
  ['Greater', pair((x, y) => (x > y ? 1 : 0))],
  ['And', pair((x, y) => (x !== 0 && y !== 0 ? 1 : 0))],
  ['Or', pair((x, y) => (x !== 0 || y !== 0 ? 1 : 0))],
  ['Max', pair(Math.max)],
  ['Min', pair(Math.min)],
  ['Not', each((x) => (x === 0 ? 1 : 0))],
  ['Neg', each((x) => -x)],
  ['Abs', each(Math.abs)],
  ['Exp', each(Math.exp)],
  ['Log', each(Math.log)],
  ['Sqrt', each(Math.sqrt)],
  ['Erf', each(erf)],
  ['Relu', each((x) => Math.max(0, x))],
  ['Tanh', each(Math.tanh)],
  ['Sigmoid', each((x) => 1 / (1 + Math.exp(-x)))],
]);

/** The error function to 1.2e-7: W. Press et al., Numerical Recipes, 6.2. */
function erf(x: number): number {
  const t = 1 / (1 + Math.abs(x) / 2);
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  const power = terms.reduceRight((sum, term) => sum * t + term, 0);
  const y = 1 - t * Math.exp(-x * x + power);
  return x >= 0 ? y : -y;
}
