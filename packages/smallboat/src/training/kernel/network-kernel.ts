import { VOCABULARY_SIZE } from '../../features/index.ts';
import type { LstmWeights, NetworkForm } from '../network-weights.ts';
import { GATES, inputLayout } from '../network-weights.ts';
import { kernelModule } from './load.ts';
import { blockLayout, fromBlock, paddedUnits, toBlock } from './weight-layout.ts';

/** How many nodes, and of which kind, a batch's trie has. Nodes are numbered: root, internal by depth, leaves. */
export interface TrieShape {
  /** Root and nodes with children. */
  readonly internal: number;
  /** All nodes, the root with them. */
  readonly nodes: number;
  /** Depths that have internal nodes, the root's not counted. */
  readonly depths: number;
  /** Nodes where examples end. */
  readonly terminals: number;
}

/** Where the host writes a batch's trie. Valid until the next `reserve`. */
export interface TrieArrays {
  /** By node. */
  readonly parents: Uint32Array;
  readonly tokens: Uint32Array;
  /** By node, where events have more than tokens: the input row of each category, and the numbers (padded to a multiple of 8). */
  readonly rowsOf: Uint32Array;
  readonly numbersOf: Float32Array;
  /** By node, where units are dropped: its terminal + 1, or 0. */
  readonly terminalAt: Uint32Array;
  /** First internal node of depth 1, 2, …, and the number of internal nodes at the end. */
  readonly levels: Uint32Array;
  /** By terminal: its node, the weight of the examples that end there, and of those of them that are positive. */
  readonly terminalNodes: Uint32Array;
  readonly terminalCounts: Float32Array;
  readonly terminalPositives: Float32Array;
  /** By terminal, after `forward`: the probability of label 1. */
  readonly probabilities: Float32Array;
  /** `[terminals, units padded]`, where units are dropped: 0, or 1 / (1 − rate). */
  readonly masks: Float32Array;
}

/** One step of Adam, worked out. */
export interface AdamStep {
  /** Learning rate · √(1−β₂ᵗ) / (1−β₁ᵗ). */
  readonly rate: number;
  /** The rate of the rows of tokens and categories, as a multiple of the others'. */
  readonly inputRate: number;
  /** 1 − learning rate · decay; 1 for plain Adam. */
  readonly kept: number;
  /** What gradients are multiplied by. */
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Shared memory of a network: its weights and what belongs to them. Kernels on several threads may stand on one. */
export interface NetworkMemory {
  readonly memory: WebAssembly.Memory;
  /** Blocks of gradients, one for each part of a batch that is worked out by itself. */
  readonly gradientBlocks: number;
  readonly form: NetworkForm;
}

/** A network with its gradients and moments, in WebAssembly memory. */
export interface NetworkKernel {
  readonly form: NetworkForm;
  readonly network: NetworkMemory;
  /** Makes room for a trie and gives the arrays to write it to. */
  reserve(shape: TrieShape, isDropping?: boolean): TrieArrays;
  /** Runs the trie that was written. @returns binary cross-entropy summed over the weights of the examples, in nats. */
  forward(shape: TrieShape): number;
  /** Gradients of the loss divided by `weight` into a block of them, after `forward`. */
  backward(shape: TrieShape, weight: number, block?: number): void;
  /** Adds the blocks of gradients 1 … `blocks − 1` to block 0. */
  gather(blocks: number): void;
  /** Root of the sum of squares of the gradients in block 0. */
  gradientNorm(): number;
  /** One step along the gradients in block 0. */
  adam(step: AdamStep): void;
  /** The probability of one sequence whose events were written by `write(arrays)`: the short way for one session. */
  scoreOne(length: number, write: (arrays: TrieArrays) => void): number;
  /** Goes along one sequence event by event; `state` is the caller's to keep, of `stateLength` floats, all 0 at the start. */
  advance(state: Float32Array, write: (arrays: TrieArrays) => void): number;
  readonly stateLength: number;
  setWeights(weights: LstmWeights): void;
  /** The whole block of weights, or of a moment, as the kernel has it: a view, for checkpoints and other threads. */
  block(name: 'weights' | 'moments1' | 'moments2'): Float32Array;
  /** Must be called after weights were written through `block`. */
  refresh(): void;
  readonly weights: LstmWeights;
  /** Gradients in block 0, in the layout of weights. */
  readonly gradients: LstmWeights;
}

const POINTERS = [
  'weights', 'gradients', 'moments1', 'moments2', 'inputBias', 'transposed',
  'parents', 'tokens', 'slopes', 'terminalAt', 'rowsOf', 'numbersOf', 'projected', 'gates', 'tanhs', 'cells', 'states', 'rows',
  'cellGradients', 'stateGradients', 'levels', 'terminalNodes', 'terminalCounts', 'terminalPositives', 'probabilities',
  'masks', 'maskedDense',
] as const; // prettier-ignore
type Pointer = (typeof POINTERS)[number];
type Setting = 'P' | 'gatesOf' | 'inputRows' | 'tokenRows' | 'categories' | 'numbers' | 'scale' | 'isDropping';

type Exports = Readonly<Record<Pointer | Setting, WebAssembly.Global>> & {
  readonly firstFree: () => number;
  readonly refresh: () => void;
  readonly forward: (internal: number, nodes: number, depths: number, terminals: number) => number;
  readonly backward: (internal: number, nodes: number, depths: number, terminals: number) => void;
  readonly addGradients: (block: number) => void;
  readonly squaredNorm: () => number;
  readonly adam: (
    ...settings: [from: number, to: number, rate: number, kept: number, clip: number, b1: number, b2: number, e: number]
  ) => void;
  readonly scoreOne: (length: number) => number;
  readonly begin: () => void;
  readonly step: () => void;
  readonly answer: () => number;
};

const PAGE = 65_536;
const aligned = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** Memory for a network with all weights 0. @param gradientBlocks Parts of a batch that are worked out apart. Default 1. */
export function networkMemory(form: NetworkForm, gradientBlocks = 1): NetworkMemory {
  return { memory: new WebAssembly.Memory({ initial: 1, maximum: PAGE, shared: true }), gradientBlocks, form };
}

/** A kernel on its own memory, or on one that others share. Compiles the WebAssembly module on first use (a few milliseconds). */
export function networkKernel(form: NetworkForm, network: NetworkMemory = networkMemory(form)): NetworkKernel {
  const { memory, gradientBlocks } = network;
  const { cell = 'lstm', units, columns } = form;
  const instance = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  // The names and types are those of assembly/index.ts.
  const exports = instance.exports as unknown as Exports;
  const p = paddedUnits(units);
  const g = GATES[cell] * p;
  const layout = blockLayout(form);
  const input = inputLayout(columns);
  const isRich = input.categories.length + input.numbers.length > 0;
  const at = {} as Record<Pointer, number>;
  let end = aligned(exports.firstFree());

  const place = (name: Pointer, floats: number): void => {
    at[name] = end;
    exports[name].value = end;
    end += aligned(4 * floats);
  };
  const floats = (name: Pointer, length: number): Float32Array => new Float32Array(memory.buffer, at[name], length);
  const words = (name: Pointer, length: number): Uint32Array => new Uint32Array(memory.buffer, at[name], length);

  exports.P.value = p;
  exports.gatesOf.value = GATES[cell];
  exports.tokenRows.value = VOCABULARY_SIZE;
  exports.inputRows.value = input.numberRow;
  exports.categories.value = input.categories.length;
  exports.numbers.value = layout.paddedNumbers;
  for (const name of ['weights', 'moments1', 'moments2'] as const) place(name, layout.length);
  place('inputBias', VOCABULARY_SIZE * g);
  place('transposed', p * g);
  const blockBytes = aligned(4 * layout.length);
  place('gradients', (blockBytes / 4) * gradientBlocks);
  const firstBlock = at.gradients;
  // The first kernel of a memory finds it too small, and makes the room that all of them share.
  const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
  if (missing > 0) memory.grow(missing);

  let room: TrieShape & { readonly isDropping: boolean } = {
    internal: 0,
    nodes: 0,
    depths: 0,
    terminals: 0,
    isDropping: false,
  };
  let arrays: TrieArrays | undefined;

  /** Scratch is new memory at the end: other kernels have theirs before it. */
  function layOut(shape: TrieShape, isDropping: boolean): TrieArrays {
    room = { ...shape, isDropping };
    const sizes: readonly (readonly [Pointer, number])[] = [
      ...(['parents', 'tokens', 'slopes', 'terminalAt'] as const).map((name) => [name, shape.nodes] as const),
      ...(['tanhs', 'cells', 'states'] as const).map((name) => [name, shape.nodes * p] as const),
      ['gates', shape.nodes * g],
      ['rowsOf', shape.nodes * input.categories.length],
      ['numbersOf', shape.nodes * layout.paddedNumbers],
      ['projected', isRich ? shape.nodes * g : 0],
      ['rows', shape.internal * g],
      ['cellGradients', shape.internal * p],
      ['stateGradients', shape.internal * p],
      ['levels', shape.depths + 1],
      ...(['terminalNodes', 'terminalCounts', 'terminalPositives', 'probabilities'] as const).map(
        (name) => [name, shape.terminals] as const,
      ),
      ['masks', isDropping ? shape.terminals * p : 0],
      ['maskedDense', isDropping ? shape.terminals * p : 0],
    ];
    const bytes = sizes.reduce((sum, [, size]) => sum + aligned(4 * size), 0);
    end = memory.grow(Math.ceil(bytes / PAGE)) * PAGE;
    for (const [name, size] of sizes) place(name, size);
    return {
      parents: words('parents', shape.nodes),
      tokens: words('tokens', shape.nodes),
      rowsOf: words('rowsOf', shape.nodes * input.categories.length),
      numbersOf: floats('numbersOf', shape.nodes * layout.paddedNumbers),
      terminalAt: words('terminalAt', shape.nodes),
      levels: words('levels', shape.depths + 1),
      terminalNodes: words('terminalNodes', shape.terminals),
      terminalCounts: floats('terminalCounts', shape.terminals),
      terminalPositives: floats('terminalPositives', shape.terminals),
      probabilities: floats('probabilities', shape.terminals),
      masks: floats('masks', isDropping ? shape.terminals * p : 0),
    };
  }

  const reserve = (shape: TrieShape, isDropping = false): TrieArrays => {
    exports.isDropping.value = isDropping ? 1 : 0;
    if (
      arrays !== undefined &&
      shape.internal <= room.internal &&
      shape.nodes <= room.nodes &&
      shape.depths <= room.depths &&
      shape.terminals <= room.terminals &&
      (room.isDropping || !isDropping)
    ) {
      return arrays;
    }
    const roomier = (have: number, need: number): number => Math.max(have, Math.ceil(need * 1.5));
    arrays = layOut(
      {
        internal: roomier(room.internal, shape.internal),
        nodes: roomier(room.nodes, shape.nodes),
        depths: roomier(room.depths, shape.depths),
        terminals: roomier(room.terminals, shape.terminals),
      },
      room.isDropping || isDropping,
    );
    return arrays;
  };

  const one = (length: number): TrieArrays =>
    reserve({ internal: 1, nodes: Math.max(2, length), depths: 1, terminals: 1 });
  const copyOut = (name: Pointer): LstmWeights => fromBlock(form, floats(name, layout.length));

  return {
    form,
    network,
    reserve,
    forward: ({ internal, nodes, depths, terminals }) => exports.forward(internal, nodes, depths, terminals),
    backward({ internal, nodes, depths, terminals }, weight, block = 0) {
      exports.scale.value = 1 / weight;
      exports.gradients.value = firstBlock + block * blockBytes;
      exports.backward(internal, nodes, depths, terminals);
      exports.gradients.value = firstBlock;
    },
    gather(blocks) {
      for (let block = 1; block < blocks; block++) exports.addGradients(firstBlock + block * blockBytes);
    },
    gradientNorm: () => Math.sqrt(exports.squaredNorm()),
    adam({ rate, inputRate, kept, clip, beta1, beta2, epsilon }) {
      const rows = 4 * layout.numbers;
      // 1 − β in double: in single precision 1 − 0.999 is off by 5e-5.
      exports.adam(0, rows, rate * inputRate, kept, clip, 1 - beta1, 1 - beta2, epsilon);
      exports.adam(rows, 4 * layout.length, rate, kept, clip, 1 - beta1, 1 - beta2, epsilon);
      exports.refresh();
    },
    scoreOne(length, write) {
      write(one(length));
      return exports.scoreOne(length);
    },
    advance(state, write) {
      write(one(1));
      exports.begin();
      const [states, cells] = [floats('states', p), floats('cells', p)];
      states.set(state.subarray(0, p));
      cells.set(state.subarray(p));
      exports.step();
      state.set(states);
      state.set(cells, p);
      return exports.answer();
    },
    stateLength: 2 * p,
    setWeights(weights) {
      floats('weights', layout.length).set(toBlock(form, weights));
      for (const name of ['gradients', 'moments1', 'moments2'] as const) floats(name, layout.length).fill(0);
      exports.refresh();
    },
    block: (name) => floats(name, layout.length),
    refresh: () => exports.refresh(),
    get weights() {
      return copyOut('weights');
    },
    get gradients() {
      return copyOut('gradients');
    },
  };
}
