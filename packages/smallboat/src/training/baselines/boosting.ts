import { sigmoid } from './logistic.ts';

/** Rows of bytes, one an example: `values[row * names.length + column]`. */
export interface ByteTable {
  readonly names: readonly string[];
  readonly values: Uint8Array;
}

export interface BoostingOptions {
  /** Trees at most. Default 300. */
  readonly trees?: number;
  /** What each tree counts. Default 0.05. */
  readonly rate?: number;
  /** Leaves a tree. Default 15. */
  readonly leaves?: number;
  /** Examples a leaf at least. Default 50. */
  readonly leafExamples?: number;
  /** Weight of the squares of the leaves' values. Default 1. */
  readonly l2?: number;
  /** Trees without a lower validation loss before it ends; needs `validation`. Default 20. */
  readonly patience?: number;
  /** To end at the right number of trees. Without it all of them are grown. */
  readonly validation?: { readonly table: ByteTable; readonly labels: Uint8Array };
}

/** A tree: an inner node sends an example left where its byte in `column` is at most `limit`. Plain data. */
export interface BoostedTree {
  /** By node; −1 for a leaf. */
  readonly column: readonly number[];
  readonly limit: readonly number[];
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** What an example in this leaf adds to the logit. */
  readonly value: readonly number[];
}

/** Gradient-boosted trees: P(1) = sigmoid(start + Σ values of the leaves). Plain data. */
export interface Boosting {
  readonly names: readonly string[];
  readonly start: number;
  readonly trees: readonly BoostedTree[];
}

/** What a split of a node would gain. */
interface Split {
  readonly gain: number;
  readonly column: number;
  readonly limit: number;
}

/** A node that may still be split. */
interface Leaf {
  readonly node: number;
  /** Its examples: a stretch of the order. */
  readonly from: number;
  readonly to: number;
  /** Sums of gradients and curvatures, by column and byte. */
  readonly sums: Float64Array;
  readonly split: Split | undefined;
}

const BINS = 256;

/**
 * Fits boosted trees on bytes, by Newton's steps on the log loss, each tree grown at the leaf that gains most; sums by byte, those of one
 * child by subtraction. No maintained package on npm does this without a native build or a download of its own.
 *
 * @see J. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5), 2001;
 *   G. Ke et al., "LightGBM", NIPS 2017, for the histograms and the growth by leaves.
 */
export function fitBoosting(table: ByteTable, labels: Uint8Array, options: BoostingOptions = {}): Boosting {
  const { trees = 300, rate = 0.05, patience = 20, validation } = options;
  const rows = labels.length;
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const start = Math.log((positives + 0.5) / (rows - positives + 0.5));
  const logits = new Float64Array(rows).fill(start);
  const held = new Float64Array(validation?.labels.length ?? 0).fill(start);
  const gradients = new Float64Array(2 * rows);
  const grown: BoostedTree[] = [];
  let best = { trees: 0, loss: Number.POSITIVE_INFINITY };
  for (let t = 0; t < trees; t++) {
    for (let i = 0; i < rows; i++) {
      const p = sigmoid(logits[i] ?? 0);
      gradients[2 * i] = p - (labels[i] ?? 0);
      gradients[2 * i + 1] = p * (1 - p);
    }
    const { tree, leafOf } = growTree(table, gradients, options);
    if (tree.column[0] === -1) break;
    const scaled = { ...tree, value: tree.value.map((value) => value * rate) };
    grown.push(scaled);
    for (let i = 0; i < rows; i++) logits[i] = (logits[i] ?? 0) + (scaled.value[leafOf[i] ?? 0] ?? 0);
    if (validation === undefined) continue;
    addTree(scaled, validation.table, held);
    const loss = logLossOf(held, validation.labels);
    if (loss < best.loss) best = { trees: grown.length, loss };
    else if (grown.length - best.trees >= patience) break;
  }
  return { names: table.names, start, trees: validation === undefined ? grown : grown.slice(0, best.trees) };
}

/** The probabilities of a table's rows. */
export function scoreBoosting({ start, trees }: Boosting, table: ByteTable): Float64Array {
  const logits = new Float64Array(table.values.length / table.names.length).fill(start);
  for (const tree of trees) addTree(tree, table, logits);
  return logits.map(sigmoid);
}

function addTree(
  { column, limit, left, right, value }: BoostedTree,
  { names, values }: ByteTable,
  logits: Float64Array,
): void {
  const width = names.length;
  for (let i = 0; i < logits.length; i++) {
    let node = 0;
    for (let c = column[node] ?? -1; c !== -1; c = column[node] ?? -1) {
      node = ((values[i * width + c] ?? 0) <= (limit[node] ?? 0) ? left[node] : right[node]) ?? 0;
    }
    logits[i] = (logits[i] ?? 0) + (value[node] ?? 0);
  }
}

function logLossOf(logits: Float64Array, labels: Uint8Array): number {
  let loss = 0;
  for (const [i, x] of logits.entries()) {
    loss += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (labels[i] ?? 0) * x;
  }
  return loss / labels.length;
}

function growTree(
  table: ByteTable,
  gradients: Float64Array,
  { leaves = 15, leafExamples = 50, l2 = 1 }: BoostingOptions,
): { readonly tree: BoostedTree; readonly leafOf: Int32Array } {
  const { names, values } = table;
  const width = names.length;
  const rows = gradients.length / 2;
  const order = Uint32Array.from({ length: rows }, (_, i) => i);
  const aside = new Uint32Array(rows);
  const made = { column: [-1], limit: [0], left: [0], right: [0], value: [0] };
  const rules = { width, l2, leafExamples };
  const whole = sumsOf(table, gradients, order);
  const open: Leaf[] = [{ node: 0, from: 0, to: rows, sums: whole, split: bestSplit(whole, rules) }];
  while (open.length < leaves) {
    let at = -1;
    for (const [i, { split }] of open.entries()) {
      if (split !== undefined && split.gain > (open[at]?.split?.gain ?? 0)) at = i;
    }
    const leaf = open[at];
    if (leaf?.split === undefined) break;
    const { column, limit } = leaf.split;
    let low = leaf.from;
    let high = 0;
    for (let i = leaf.from; i < leaf.to; i++) {
      const row = order[i] ?? 0;
      if ((values[row * width + column] ?? 0) <= limit) order[low++] = row;
      else aside[high++] = row;
    }
    order.set(aside.subarray(0, high), low);
    const [left, right] = [made.column.length, made.column.length + 1];
    made.column[leaf.node] = column;
    made.limit[leaf.node] = limit;
    made.left[leaf.node] = left;
    made.right[leaf.node] = right;
    for (let child = 0; child < 2; child++)
      for (const list of Object.values(made)) list.push(list === made.column ? -1 : 0);
    // The smaller child is summed up, the other is what is left.
    const isLeftSmaller = low - leaf.from <= leaf.to - low;
    const small = isLeftSmaller ? order.subarray(leaf.from, low) : order.subarray(low, leaf.to);
    const smallSums = sumsOf(table, gradients, small);
    const largeSums = leaf.sums.map((sum, i) => sum - (smallSums[i] ?? 0));
    const [a, b] = isLeftSmaller ? [smallSums, largeSums] : [largeSums, smallSums];
    open.splice(
      at,
      1,
      { node: left, from: leaf.from, to: low, sums: a, split: bestSplit(a, rules) },
      { node: right, from: low, to: leaf.to, sums: b, split: bestSplit(b, rules) },
    );
  }
  const leafOf = new Int32Array(rows);
  for (const { node, from, to } of open) {
    let [gradient, curvature] = [0, 0];
    for (let i = from; i < to; i++) {
      const row = order[i] ?? 0;
      gradient += gradients[2 * row] ?? 0;
      curvature += gradients[2 * row + 1] ?? 0;
      leafOf[row] = node;
    }
    made.value[node] = -gradient / (curvature + l2);
  }
  return { tree: made, leafOf };
}

/** Sums of gradient, curvature and count for each byte of each column: `[columns, 256, 3]`. */
function sumsOf({ names, values }: ByteTable, gradients: Float64Array, rows: Uint32Array): Float64Array {
  const width = names.length;
  const sums = new Float64Array(width * BINS * 3);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] ?? 0;
    const gradient = gradients[2 * row] ?? 0;
    const curvature = gradients[2 * row + 1] ?? 0;
    for (let c = 0; c < width; c++) {
      const at = (c * BINS + (values[row * width + c] ?? 0)) * 3;
      sums[at] = (sums[at] ?? 0) + gradient;
      sums[at + 1] = (sums[at + 1] ?? 0) + curvature;
      sums[at + 2] = (sums[at + 2] ?? 0) + 1;
    }
  }
  return sums;
}

function bestSplit(
  sums: Float64Array,
  { width, l2, leafExamples }: { readonly width: number; readonly l2: number; readonly leafExamples: number },
): Split | undefined {
  let best: Split | undefined;
  for (let column = 0; column < width; column++) {
    const base = column * BINS * 3;
    let [gradient, curvature, count] = [0, 0, 0];
    for (let byte = 0; byte < BINS; byte++) {
      gradient += sums[base + byte * 3] ?? 0;
      curvature += sums[base + byte * 3 + 1] ?? 0;
      count += sums[base + byte * 3 + 2] ?? 0;
    }
    if (count < 2 * leafExamples) return undefined;
    const parent = (gradient * gradient) / (curvature + l2);
    let [g, h, n] = [0, 0, 0];
    for (let byte = 0; byte < BINS - 1; byte++) {
      const here = sums[base + byte * 3 + 2] ?? 0;
      if (here === 0) continue;
      g += sums[base + byte * 3] ?? 0;
      h += sums[base + byte * 3 + 1] ?? 0;
      n += here;
      if (n < leafExamples) continue;
      if (count - n < leafExamples) break;
      const gain = (g * g) / (h + l2) + (gradient - g) ** 2 / (curvature - h + l2) - parent;
      // Rounding of the subtracted sums is no gain.
      if (gain > Math.max(best?.gain ?? 0, 1e-9)) best = { gain, column, limit: byte };
    }
  }
  return best;
}
