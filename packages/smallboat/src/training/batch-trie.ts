import type { LstmKernel, TrieArrays, TrieShape } from './kernel/lstm-kernel.ts';
import type { SequenceTrie } from './sequence-trie.ts';

/** Cuts batches out of a trie and hands them to a kernel. One at a time; its scratch arrays are as long as the trie. */
export interface BatchLoader {
  /**
   * Writes the part of the trie that leads to some nodes. A node given several times is one terminal with a count.
   *
   * @param ends Nodes where the examples of the batch end.
   * @param positives For each of `ends` its examples with label 1; as long as `ends`. Without it none.
   * @param counts For each of `ends` its examples. Without it one each.
   */
  load(ends: Uint32Array, positives?: Uint8Array | Uint32Array, counts?: Uint32Array): LoadedBatch;
}

/** A batch as the kernel has it. `terminalOf[i]` is the terminal of `ends[i]`, where `probabilities` has its result. */
export interface LoadedBatch {
  readonly shape: TrieShape;
  readonly arrays: TrieArrays;
  readonly terminalOf: Uint32Array;
}

/** A loader of batches from `trie` into `kernel`. */
export function batchLoader(trie: SequenceTrie, kernel: LstmKernel): BatchLoader {
  const { parent, token, depth, nodes } = trie;
  // Marks say in which batch a node was last seen, so that nothing needs to be cleared between batches.
  const seen = new Uint32Array(nodes);
  const hasChild = new Uint32Array(nodes);
  const isTerminal = new Uint32Array(nodes);
  const terminalAt = new Uint32Array(nodes);
  const numberOf = new Uint32Array(nodes);
  let batch = 0;
  let found = new Uint32Array(1024);
  let terminalOf = new Uint32Array(0);

  /** Collects all nodes on the way from the ends to the root, each once. @returns how many. */
  const collect = (terminals: number[]): number => {
    let count = 0;
    for (const terminal of terminals) {
      let node = terminal;
      while (node !== 0 && seen[node] !== batch) {
        seen[node] = batch;
        if (count === found.length) {
          const larger = new Uint32Array(count * 2);
          larger.set(found);
          found = larger;
        }
        found[count++] = node;
        node = parent[node] ?? 0;
        hasChild[node] = batch;
      }
    }
    return count;
  };

  return {
    load(ends, positives, counts) {
      batch++;
      if (terminalOf.length < ends.length) terminalOf = new Uint32Array(ends.length);
      const terminals: number[] = [];
      const countAt: number[] = [];
      const positivesAt: number[] = [];
      for (let i = 0; i < ends.length; i++) {
        const node = ends[i] ?? 0;
        if (isTerminal[node] !== batch) {
          isTerminal[node] = batch;
          terminalAt[node] = terminals.length;
          terminals.push(node);
          countAt.push(0);
          positivesAt.push(0);
        }
        const at = terminalAt[node] ?? 0;
        terminalOf[i] = at;
        countAt[at] = (countAt[at] ?? 0) + (counts?.[i] ?? 1);
        positivesAt[at] = (positivesAt[at] ?? 0) + (positives?.[i] ?? 0);
      }

      const count = collect(terminals);
      const byDepth: number[] = [];
      let internal = 1;
      for (let i = 0; i < count; i++) {
        const node = found[i] ?? 0;
        if (hasChild[node] !== batch) continue;
        const d = (depth[node] ?? 0) - 1;
        while (byDepth.length <= d) byDepth.push(0);
        byDepth[d] = (byDepth[d] ?? 0) + 1;
        internal++;
      }
      const shape = { internal, nodes: count + 1, depths: byDepth.length, terminals: terminals.length };
      const arrays = kernel.reserve(shape);

      let first = 1;
      for (const [d, size] of byDepth.entries()) {
        arrays.levels[d] = first;
        byDepth[d] = first;
        first += size;
      }
      arrays.levels[byDepth.length] = first;
      let leaf = internal;
      for (let i = 0; i < count; i++) {
        const node = found[i] ?? 0;
        if (hasChild[node] === batch) {
          const d = (depth[node] ?? 0) - 1;
          const number = byDepth[d] ?? 0;
          byDepth[d] = number + 1;
          numberOf[node] = number;
        } else {
          numberOf[node] = leaf++;
        }
      }
      for (let i = 0; i < count; i++) {
        const node = found[i] ?? 0;
        const number = numberOf[node] ?? 0;
        arrays.parents[number] = numberOf[parent[node] ?? 0] ?? 0;
        arrays.tokens[number] = token[node] ?? 0;
      }
      arrays.parents[0] = 0;
      arrays.tokens[0] = 0;
      for (const [i, node] of terminals.entries()) arrays.terminalNodes[i] = numberOf[node] ?? 0;
      arrays.terminalCounts.set(countAt);
      arrays.terminalPositives.set(positivesAt);
      return { shape, arrays, terminalOf };
    },
  };
}
