import type { Column } from '../features/index.ts';
import { ACTION_COLUMNS, valuesOf } from '../features/index.ts';
import type { NetworkKernel, TrieArrays, TrieShape } from './kernel/network-kernel.ts';
import { inputLayout } from './network-weights.ts';
import type { Sequences } from './sequences.ts';

/** What a batch's examples count for, and what is hidden of them. */
export interface LoadOptions {
  /** By example: 0 or 1. Without it all are 0. */
  readonly labels?: Uint8Array;
  /** Weights of examples with label 0 and with label 1. Default 1 each. */
  readonly classWeights?: readonly [number, number];
  /** True for an example whose context is hidden: it is loaded as if only its actions were known. */
  readonly hides?: (example: number) => boolean;
  /** Units to drop, each with this probability; the masks depend on the key and the example alone. */
  readonly dropout?: { readonly rate: number; readonly key: number };
}

/** A batch as the kernel has it. `terminalOf[i]` is the terminal of the i-th example, where `probabilities` has its result. */
export interface LoadedBatch {
  readonly shape: TrieShape;
  readonly arrays: TrieArrays;
  readonly terminalOf: Uint32Array;
  /** Sum of the weights of the examples. */
  readonly weight: number;
}

/** Cuts batches out of a set of sequences and hands them to a kernel. One at a time. */
export interface TrieLoader {
  /** Writes the trie of some examples; neighbours in the list share what they have in common with the one before. */
  load(examples: Uint32Array, options?: LoadOptions): LoadedBatch;
}

/** Nodes as they are met, before they are numbered; grows with the batches. */
class Nodes {
  parent = new Int32Array(0);
  depth = new Int32Array(0);
  token = new Uint8Array(0);
  /** Row of the context, −1 for a start, −2 − row where all but the actions is hidden. */
  row = new Int32Array(0);
  hasChild = new Uint8Array(0);
  terminal = new Int32Array(0);
  number = new Int32Array(0);

  reserve(size: number): void {
    if (size <= this.parent.length) return;
    const room = Math.max(1024, size * 2);
    const grown = <A extends Int32Array | Uint8Array>(old: A, made: A): A => {
      made.set(old);
      return made;
    };
    this.parent = grown(this.parent, new Int32Array(room));
    this.depth = grown(this.depth, new Int32Array(room));
    this.token = grown(this.token, new Uint8Array(room));
    this.row = grown(this.row, new Int32Array(room));
    this.hasChild = grown(this.hasChild, new Uint8Array(room));
    this.terminal = grown(this.terminal, new Int32Array(room));
    this.number = grown(this.number, new Int32Array(room));
  }
}

/** A loader of batches of `sequences` into `kernel`. */
export function trieLoader(sequences: Sequences, kernel: NetworkKernel): TrieLoader {
  const { tokens, offsets, context } = sequences;
  const nodes = new Nodes();
  const writer = contextWriter(sequences, kernel);
  const width = context?.columns.length ?? 0;
  let terminalOf = new Uint32Array(0);
  let path = new Int32Array(256);
  let ends = new Int32Array(0);
  let sums = new Float64Array(0);

  /** How many events an example has in common with the one before, as far as `limit`. */
  const common = (a: number, b: number, limit: number): number => {
    const from = offsets[a] ?? 0;
    const other = offsets[b] ?? 0;
    let n = 0;
    if (context === undefined) {
      while (n < limit && tokens[from + n] === tokens[other + n]) n++;
      return n;
    }
    const { rows, first } = context;
    const row = first[a] ?? 0;
    const otherRow = first[b] ?? 0;
    if (limit === 0 || tokens[from] !== tokens[other]) return 0;
    if (row === otherRow) return limit;
    for (n = 1; n < limit && tokens[from + n] === tokens[other + n]; n++) {
      const at = (row + n - 1) * width;
      const otherAt = (otherRow + n - 1) * width;
      for (let c = 0; c < width; c++) if (rows[at + c] !== rows[otherAt + c]) return n;
    }
    return n;
  };

  return {
    load(examples, { labels, classWeights = [1, 1], hides, dropout } = {}) {
      if (terminalOf.length < examples.length) {
        terminalOf = new Uint32Array(examples.length);
        ends = new Int32Array(examples.length);
        sums = new Float64Array(2 * examples.length);
      }
      let count = 1; // the root
      let terminals = 0;
      let weight = 0;
      let before = -1;
      let beforeLength = 0;
      let isHidden = false;
      nodes.reserve(1);
      nodes.hasChild[0] = 0;
      nodes.terminal[0] = -1;
      for (let i = 0; i < examples.length; i++) {
        const example = examples[i] ?? 0;
        const start = offsets[example] ?? 0;
        const length = (offsets[example + 1] ?? 0) - start;
        const hidden = context !== undefined && hides !== undefined && hides(example);
        const shared =
          before === -1 || hidden !== isHidden ? 0 : common(example, before, Math.min(length, beforeLength));
        nodes.reserve(count + length);
        if (path.length <= length) {
          const longer = new Int32Array(length * 2);
          longer.set(path);
          path = longer;
        }
        const firstRow = context === undefined ? 0 : (context.first[example] ?? 0);
        for (let d = shared; d < length; d++) {
          const parent = path[d] ?? 0;
          nodes.hasChild[parent] = 1;
          nodes.parent[count] = parent;
          nodes.depth[count] = d;
          nodes.token[count] = tokens[start + d] ?? 0;
          nodes.row[count] = d === 0 ? -1 : hidden ? -1 - (firstRow + d) : firstRow + d - 1;
          nodes.hasChild[count] = 0;
          nodes.terminal[count] = -1;
          path[d + 1] = count++;
        }
        const end = path[length] ?? 0;
        let terminal = nodes.terminal[end] ?? -1;
        if (terminal === -1) {
          terminal = terminals++;
          nodes.terminal[end] = terminal;
          ends[terminal] = end;
          sums[2 * terminal] = 0;
          sums[2 * terminal + 1] = 0;
        }
        terminalOf[i] = terminal;
        const label = labels?.[example] ?? 0;
        const w = classWeights[label === 1 ? 1 : 0];
        weight += w;
        sums[2 * terminal] = (sums[2 * terminal] ?? 0) + w;
        if (label === 1) sums[2 * terminal + 1] = (sums[2 * terminal + 1] ?? 0) + w;
        before = example;
        beforeLength = length;
        isHidden = hidden;
      }

      const byDepth: number[] = [];
      let internal = 1;
      for (let node = 1; node < count; node++) {
        if (nodes.hasChild[node] === 0) continue;
        const d = nodes.depth[node] ?? 0;
        while (byDepth.length <= d) byDepth.push(0);
        byDepth[d] = (byDepth[d] ?? 0) + 1;
        internal++;
      }
      const shape = { internal, nodes: count, depths: byDepth.length, terminals };
      const isDropping = dropout !== undefined && dropout.rate > 0;
      const arrays = kernel.reserve(shape, isDropping);
      let first = 1;
      for (const [d, size] of byDepth.entries()) {
        arrays.levels[d] = first;
        byDepth[d] = first;
        first += size;
      }
      arrays.levels[byDepth.length] = first;
      let leaf = internal;
      nodes.number[0] = 0;
      for (let node = 1; node < count; node++) {
        let number = leaf;
        if (nodes.hasChild[node] === 1) {
          const d = nodes.depth[node] ?? 0;
          number = byDepth[d] ?? 0;
          byDepth[d] = number + 1;
        } else leaf++;
        nodes.number[node] = number;
        arrays.parents[number] = nodes.number[nodes.parent[node] ?? 0] ?? 0;
        arrays.tokens[number] = nodes.token[node] ?? 0;
        writer?.(arrays, number, nodes.row[node] ?? -1);
      }
      arrays.parents[0] = 0;
      arrays.tokens[0] = 0;
      if (isDropping) arrays.terminalAt.fill(0, 0, count);
      for (let terminal = 0; terminal < terminals; terminal++) {
        const number = nodes.number[ends[terminal] ?? 0] ?? 0;
        arrays.terminalNodes[terminal] = number;
        arrays.terminalCounts[terminal] = sums[2 * terminal] ?? 0;
        arrays.terminalPositives[terminal] = sums[2 * terminal + 1] ?? 0;
        if (isDropping) arrays.terminalAt[number] = terminal + 1;
      }
      if (isDropping) {
        const units = arrays.masks.length / Math.floor(arrays.probabilities.length);
        // From the last to the first, so that the first example of a terminal is the one that decides.
        for (let i = examples.length - 1; i >= 0; i--) {
          writeMask(arrays.masks, (terminalOf[i] ?? 0) * units, units, { ...dropout, example: examples[i] ?? 0 });
        }
      }
      return { shape, arrays, terminalOf, weight };
    },
  };
}

/** Kept units count 1 / (1 − rate), so that what is expected of the sum stays the same. */
function writeMask(
  masks: Float32Array,
  at: number,
  units: number,
  { rate, key, example }: { readonly rate: number; readonly key: number; readonly example: number },
): void {
  const kept = Math.fround(1 / (1 - rate));
  const limit = rate * 2 ** 32;
  let state = Math.imul(key ^ Math.imul(example + 1, 0x9e3779b1), 0x85ebca6b) | 1;
  for (let i = 0; i < 3; i++) state = xorshift(state);
  for (let unit = 0; unit < units; unit++) {
    state = xorshift(state);
    masks[at + unit] = Math.imul(state, 0x2545f491) >>> 0 < limit ? 0 : kept;
  }
}

/** G. Marsaglia's xorshift32; `state` is never 0. */
export function xorshift(state: number): number {
  let x = state;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return x;
}

type WriteRow = (arrays: TrieArrays, node: number, row: number) => void;

/** Writes the input rows and numbers of a node; undefined where the network knows tokens only. */
function contextWriter({ context }: Sequences, kernel: NetworkKernel): WriteRow | undefined {
  const { columns = [] } = kernel.form;
  if (columns.length === 0) return undefined;
  const write = rowWriter(columns);
  const width = columns.length;
  const rows = context?.rows ?? new Uint8Array();
  return (arrays, node, row) => {
    if (row === -1 || context === undefined) write(arrays, node);
    else if (row >= 0) write(arrays, node, { rows, at: row * width });
    else write(arrays, node, { rows, at: (-2 - row) * width, hidesContext: true });
  };
}

/** Where the bytes of an event are. */
interface RowPlace {
  readonly rows: Uint8Array;
  readonly at: number;
  readonly hidesContext?: boolean;
}

/** Turns rows of bytes into what the kernel reads. Without a place every column is "not known", as of a start. */
export function rowWriter(columns: readonly Column[]): (arrays: TrieArrays, node: number, place?: RowPlace) => void {
  const { categories, numbers } = inputLayout(columns);
  const padded = Math.ceil(numbers.length / 8) * 8;
  const tables = new Float32Array(numbers.length * 256);
  for (const [i, column] of numbers.entries()) {
    const found = columns[column];
    if (found?.kind === 'number') tables.set(valuesOf(found), i * 256);
  }
  const categoryAt = Int32Array.from(categories, ({ column }) => column);
  const categoryRow = Int32Array.from(categories, ({ row }) => row);
  const numberAt = Int32Array.from(numbers);
  // Of the categories none is known from actions alone.
  const numberIsAction = Uint8Array.from(numbers, (column) =>
    ACTION_COLUMNS.has(columns[column]?.name ?? '') ? 1 : 0,
  );
  return ({ rowsOf, numbersOf }, node, place) => {
    const rows = place?.rows;
    const at = place?.at ?? 0;
    const hides = place?.hidesContext === true;
    for (let i = 0; i < categoryAt.length; i++) {
      const byte = rows === undefined || hides ? 0 : (rows[at + (categoryAt[i] ?? 0)] ?? 0);
      rowsOf[node * categoryAt.length + i] = (categoryRow[i] ?? 0) + byte;
    }
    for (let i = 0; i < numberAt.length; i++) {
      const byte = rows === undefined || (hides && numberIsAction[i] === 0) ? 0 : (rows[at + (numberAt[i] ?? 0)] ?? 0);
      numbersOf[node * padded + i] = tables[i * 256 + byte] ?? 0;
    }
    for (let i = numberAt.length; i < padded; i++) numbersOf[node * padded + i] = 0;
  };
}
