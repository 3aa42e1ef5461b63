import type { LstmWeights } from '../lstm-weights.ts';
import { lstmModule } from './load.ts';
import { blockLength, fromBlock, paddedUnits, toBlock } from './weight-layout.ts';

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
  /** First internal node of depth 1, 2, …, and the number of internal nodes at the end. */
  readonly levels: Uint32Array;
  /** By terminal: its node, the examples that end there, how many of them are positive. */
  readonly terminalNodes: Uint32Array;
  readonly terminalCounts: Float32Array;
  readonly terminalPositives: Float32Array;
  /** By terminal, after `forward`: the probability of label 1. */
  readonly probabilities: Float32Array;
}

/** Adam's settings; the defaults are Keras's. */
export interface AdamSettings {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** One LSTM(units) → Dense(1, sigmoid) with its gradients and moments, in WebAssembly memory of its own. */
export interface LstmKernel {
  /** Makes room for a trie and gives the arrays to write it to. */
  reserve(shape: TrieShape): TrieArrays;
  /** Runs the trie that was written. @returns binary cross-entropy summed over the examples, in nats. */
  forward(shape: TrieShape): number;
  /** Gradients of the mean loss over `examples`, after `forward`. */
  backward(shape: TrieShape, examples: number): void;
  /** One step along the gradients; `step` counts from 1. */
  adam(step: number, settings: AdamSettings): void;
  /** The probability for one sequence of tokens: the short way for one session. */
  scoreOne(sequence: Uint8Array): number;
  setWeights(weights: LstmWeights): void;
  readonly weights: LstmWeights;
  /** Gradients as of the last `backward`, in the layout of weights. */
  readonly gradients: LstmWeights;
}

const pointers = [
  'weights', 'gradients', 'moments1', 'moments2', 'inputBias', 'transposed',
  'parents', 'tokens', 'slopes', 'gates', 'tanhs', 'cells', 'states', 'rows', 'cellGradients', 'stateGradients',
  'levels', 'terminalNodes', 'terminalCounts', 'terminalPositives', 'probabilities',
] as const; // prettier-ignore
type Pointer = (typeof pointers)[number];

type Exports = Readonly<Record<Pointer | 'P' | 'vocabulary' | 'scale', WebAssembly.Global>> & {
  readonly firstFree: () => number;
  readonly refresh: () => void;
  readonly forward: (internal: number, nodes: number, depths: number, terminals: number) => number;
  readonly backward: (internal: number, nodes: number, depths: number, terminals: number) => void;
  readonly adam: (rate: number, oneLessBeta1: number, oneLessBeta2: number, epsilon: number) => void;
  readonly scoreOne: (length: number) => number;
};

/** A kernel with all weights 0. Compiles the WebAssembly module on first use (a few milliseconds). */
export function lstmKernel({ units, vocabulary }: { units: number; vocabulary: number }): LstmKernel {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
  const instance = new WebAssembly.Instance(lstmModule(), { env: { memory } });
  // The names and types are those of assembly/lstm.ts.
  const exports = instance.exports as unknown as Exports;
  const p = paddedUnits(units);
  const block = blockLength(units, vocabulary);
  const at = {} as Record<Pointer, number>;
  let end = Math.ceil(exports.firstFree() / 64) * 64;
  let room: TrieShape = { internal: 0, nodes: 0, depths: 0, terminals: 0 };

  const place = (name: Pointer, floats: number): void => {
    at[name] = end;
    exports[name].value = end;
    end += Math.ceil((4 * floats) / 64) * 64;
  };
  const grow = (): void => {
    const missing = Math.ceil((end - memory.buffer.byteLength) / 65_536);
    if (missing > 0) memory.grow(missing);
  };
  const floats = (name: Pointer, length: number): Float32Array => new Float32Array(memory.buffer, at[name], length);
  const words = (name: Pointer, length: number): Uint32Array => new Uint32Array(memory.buffer, at[name], length);

  exports.P.value = p;
  exports.vocabulary.value = vocabulary;
  for (const name of ['weights', 'gradients', 'moments1', 'moments2'] as const) place(name, block);
  place('inputBias', vocabulary * 4 * p);
  place('transposed', 4 * p * p);
  const fixed = end;
  grow();

  let arrays = layOut(room);
  function layOut(shape: TrieShape): TrieArrays {
    room = shape;
    end = fixed;
    for (const name of ['parents', 'tokens', 'slopes'] as const) place(name, shape.nodes);
    for (const name of ['tanhs', 'cells', 'states'] as const) place(name, shape.nodes * p);
    place('gates', shape.nodes * 4 * p);
    place('rows', shape.internal * 4 * p);
    for (const name of ['cellGradients', 'stateGradients'] as const) place(name, shape.internal * p);
    place('levels', shape.depths + 1);
    for (const name of ['terminalNodes', 'terminalCounts', 'terminalPositives', 'probabilities'] as const) {
      place(name, shape.terminals);
    }
    grow();
    return {
      parents: words('parents', shape.nodes),
      tokens: words('tokens', shape.nodes),
      levels: words('levels', shape.depths + 1),
      terminalNodes: words('terminalNodes', shape.terminals),
      terminalCounts: floats('terminalCounts', shape.terminals),
      terminalPositives: floats('terminalPositives', shape.terminals),
      probabilities: floats('probabilities', shape.terminals),
    };
  }

  const reserve = (shape: TrieShape): TrieArrays => {
    const fits =
      shape.internal <= room.internal &&
      shape.nodes <= room.nodes &&
      shape.depths <= room.depths &&
      shape.terminals <= room.terminals;
    if (!fits) {
      const roomier = (have: number, need: number): number => Math.max(have, Math.ceil(need * 1.25));
      arrays = layOut({
        internal: roomier(room.internal, shape.internal),
        nodes: roomier(room.nodes, shape.nodes),
        depths: roomier(room.depths, shape.depths),
        terminals: roomier(room.terminals, shape.terminals),
      });
    }
    return arrays;
  };

  return {
    reserve,
    forward: ({ internal, nodes, depths, terminals }) => exports.forward(internal, nodes, depths, terminals),
    backward({ internal, nodes, depths, terminals }, examples) {
      exports.scale.value = 1 / examples;
      exports.backward(internal, nodes, depths, terminals);
    },
    adam(step, { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 }) {
      const rate = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
      // 1 − β in double: in single precision 1 − 0.999 is off by 5e-5.
      exports.adam(rate, 1 - beta1, 1 - beta2, epsilon);
      exports.refresh();
    },
    scoreOne(sequence) {
      const { tokens } = reserve({ internal: 1, nodes: Math.max(2, sequence.length), depths: 1, terminals: 1 });
      tokens.set(sequence);
      return exports.scoreOne(sequence.length);
    },
    setWeights(weights) {
      floats('weights', block).set(toBlock(weights));
      for (const name of ['gradients', 'moments1', 'moments2'] as const) floats(name, block).fill(0);
      exports.refresh();
    },
    get weights() {
      return fromBlock(floats('weights', block), units, vocabulary);
    },
    get gradients() {
      return fromBlock(floats('gradients', block), units, vocabulary);
    },
  };
}
