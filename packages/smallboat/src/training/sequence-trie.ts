import { defineErrors } from '../kernel/index.ts';

export const sequenceErrors = defineErrors({
  SEQUENCE_TOKEN_UNKNOWN: (f: { token: number; sequence: number; vocabulary: number }) =>
    `Sequence ${f.sequence} has token ${f.token}, and the model knows 0 to ${f.vocabulary - 1}. ` +
    `Encode sessions with the features room's tokens.`,
});

/** Sequences of tokens in one buffer: sequence `i` is `tokens[offsets[i]]` to `tokens[offsets[i+1] − 1]`. */
export interface Sequences {
  readonly tokens: Uint8Array;
  /** One more than there are sequences. */
  readonly offsets: Uint32Array;
}

/**
 * All prefixes of a set of sequences, each once. Node 0 is the empty prefix; a parent comes before its children, and
 * sequences in lexicographic order end at increasing nodes (the numbering is depth first), so neighbours share prefixes.
 */
export interface SequenceTrie {
  readonly nodes: number;
  /** By node. */
  readonly parent: Uint32Array;
  readonly token: Uint8Array;
  readonly depth: Uint32Array;
  /** By sequence: the node where it ends. */
  readonly end: Uint32Array;
}

/** Builds the trie of some sequences in time and memory proportional to their tokens. Throws `SEQUENCE_TOKEN_UNKNOWN`. */
export function sequenceTrie({ tokens, offsets }: Sequences, vocabulary: number): SequenceTrie {
  const count = offsets.length - 1;
  let children = new Uint32Array(1024 * vocabulary);
  let nodes = 1;
  const end = new Uint32Array(count);
  for (let s = 0; s < count; s++) {
    const last = offsets[s + 1] ?? 0;
    let node = 0;
    for (let i = offsets[s] ?? 0; i < last; i++) {
      const token = tokens[i] ?? 0;
      if (token >= vocabulary) throw sequenceErrors.SEQUENCE_TOKEN_UNKNOWN({ token, sequence: s, vocabulary });
      const edge = node * vocabulary + token;
      node = children[edge] ?? 0;
      if (node === 0) {
        node = nodes++;
        children[edge] = node;
        if (nodes * vocabulary >= children.length) children = doubled(children);
      }
    }
    end[s] = node;
  }
  return numberedDepthFirst(children, nodes, vocabulary, end);
}

function doubled(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function numberedDepthFirst(children: Uint32Array, nodes: number, vocabulary: number, end: Uint32Array): SequenceTrie {
  const parent = new Uint32Array(nodes);
  const token = new Uint8Array(nodes);
  const depth = new Uint32Array(nodes);
  const renumbered = new Uint32Array(nodes);
  // Per open node: itself and the next token to look at. A path is never longer than there are nodes.
  const path: number[] = [0];
  const nextToken: number[] = [0];
  let next = 1;
  while (path.length > 0) {
    const top = path.length - 1;
    const node = path[top] ?? 0;
    const t = nextToken[top] ?? 0;
    if (t === vocabulary) {
      path.pop();
      nextToken.pop();
      continue;
    }
    nextToken[top] = t + 1;
    const child = children[node * vocabulary + t] ?? 0;
    if (child === 0) continue;
    renumbered[child] = next;
    parent[next] = renumbered[node] ?? 0;
    token[next] = t;
    depth[next] = path.length;
    next++;
    path.push(child);
    nextToken.push(0);
  }
  return { nodes, parent, token, depth, end: end.map((node) => renumbered[node] ?? 0) };
}
