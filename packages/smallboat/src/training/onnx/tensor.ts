/** Values in rows, whatever they are in the model: floats, whole numbers and booleans alike. */
export interface Tensor {
  readonly sizes: readonly number[];
  readonly values: Float64Array;
}

export function tensorOf(sizes: readonly number[], values: Float64Array): Tensor {
  return { sizes, values };
}

/** How many values the sizes hold. */
export function countOf(sizes: readonly number[]): number {
  return sizes.reduce((product, n) => product * n, 1);
}

/** Steps from one index to the next, in each dimension. */
export function stridesOf(sizes: readonly number[]): number[] {
  const strides = sizes.map(() => 1);
  for (let d = sizes.length - 2; d >= 0; d--) strides[d] = (strides[d + 1] ?? 1) * (sizes[d + 1] ?? 1);
  return strides;
}

/** An axis counted from the front; negative ones count from the back. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** Sizes that both go into, by NumPy's rules. Throws an `Error` where they do not fit. */
function commonSizes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (x !== y && x !== 1 && y !== 1) throw new Error(`sizes [${a.join(', ')}] and [${b.join(', ')}] do not fit`);
    return x === 1 ? y : x;
  });
}

/** The tensor repeated along dimensions of size 1 to fill `sizes`. */
export function expand({ sizes, values }: Tensor, to: readonly number[]): Tensor {
  const all = commonSizes(sizes, to);
  const strides = stridesOf(sizes);
  const out = new Float64Array(countOf(all));
  const steps = all.map((_, i) => {
    const own = i - (all.length - sizes.length);
    return own < 0 || (sizes[own] ?? 1) === 1 ? 0 : (strides[own] ?? 0);
  });
  walk(all, (index, at) => {
    let from = 0;
    for (let d = 0; d < all.length; d++) from += (index[d] ?? 0) * (steps[d] ?? 0);
    out[at] = values[from] ?? 0;
  });
  return { sizes: all, values: out };
}

/** A function of two tensors, value by value. */
export function zip(a: Tensor, b: Tensor, of: (x: number, y: number) => number): Tensor {
  const sizes = commonSizes(a.sizes, b.sizes);
  const [x, y] = [expand(a, sizes), expand(b, sizes)];
  return { sizes, values: x.values.map((value, i) => of(value, y.values[i] ?? 0)) };
}

/** Visits every index of some sizes in order. */
export function walk(sizes: readonly number[], visit: (index: readonly number[], at: number) => void): void {
  const index = sizes.map(() => 0);
  const count = countOf(sizes);
  for (let at = 0; at < count; at++) {
    visit(index, at);
    for (let d = sizes.length - 1; d >= 0; d--) {
      const next = (index[d] ?? 0) + 1;
      index[d] = next === sizes[d] ? 0 : next;
      if (next !== sizes[d]) break;
    }
  }
}

/** Dimensions in another order. */
export function transpose({ sizes, values }: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(sizes);
  const to = order.map((d) => sizes[d] ?? 1);
  const out = new Float64Array(values.length);
  walk(to, (index, at) => {
    let from = 0;
    for (let d = 0; d < order.length; d++) from += (index[d] ?? 0) * (strides[order[d] ?? 0] ?? 0);
    out[at] = values[from] ?? 0;
  });
  return { sizes: to, values: out };
}

/** Matrix product over the last two dimensions, the others as of one to many. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  const left = a.sizes.length === 1 ? [1, ...a.sizes] : a.sizes;
  const right = b.sizes.length === 1 ? [...b.sizes, 1] : b.sizes;
  const [rows = 1, inner = 1] = left.slice(-2);
  const [depth = 1, columns = 1] = right.slice(-2);
  if (inner !== depth) throw new Error(`a product of [${a.sizes.join(', ')}] and [${b.sizes.join(', ')}]`);
  const outer = commonSizes(left.slice(0, -2), right.slice(0, -2));
  const x = expand({ sizes: left, values: a.values }, [...outer, rows, inner]).values;
  const y = expand({ sizes: right, values: b.values }, [...outer, depth, columns]).values;
  const out = new Float64Array(countOf(outer) * rows * columns);
  for (let o = 0; o < countOf(outer); o++) {
    for (let r = 0; r < rows; r++) {
      for (let k = 0; k < inner; k++) {
        const value = x[(o * rows + r) * inner + k] ?? 0;
        if (value === 0) continue;
        for (let c = 0; c < columns; c++) {
          const at = (o * rows + r) * columns + c;
          out[at] = (out[at] ?? 0) + value * (y[(o * inner + k) * columns + c] ?? 0);
        }
      }
    }
  }
  const sizes = [...outer, ...(a.sizes.length === 1 ? [] : [rows]), ...(b.sizes.length === 1 ? [] : [columns])];
  return { sizes, values: out };
}
