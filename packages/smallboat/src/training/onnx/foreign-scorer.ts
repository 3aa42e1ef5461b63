import type { EncodedSession, SequenceRule } from '../../features/index.ts';
import { sessionEncoder } from '../../features/index.ts';
import type { Sequences } from '../sequences.ts';
import { checkSequences } from '../sequences.ts';
import type { LiveSession, SessionScorer } from '../session-scorer.ts';
import type { ForeignModel } from './foreign-model.ts';

/** Scores sessions with a model that was made elsewhere: one by one, by its graph. */
export function foreignScorer(
  { predict }: ForeignModel,
  rule: SequenceRule,
): SessionScorer & { readonly score: (sequences: Sequences) => Float32Array } {
  const score = (sequences: Sequences): Float32Array => {
    checkSequences(sequences);
    const { tokens, offsets } = sequences;
    return Float32Array.from({ length: offsets.length - 1 }, (_, i) =>
      predict(tokens.subarray(offsets[i], offsets[i + 1])),
    );
  };
  const tokensOf = (session: Uint8Array | EncodedSession): Uint8Array =>
    session instanceof Uint8Array ? session : session.tokens;
  return {
    score,
    predict(sessions) {
      const all = sessions.map(tokensOf);
      const offsets = new Uint32Array(all.length + 1);
      for (const [i, tokens] of all.entries()) offsets[i + 1] = (offsets[i] ?? 0) + tokens.length;
      const tokens = new Uint8Array(offsets[all.length] ?? 0);
      for (const [i, one] of all.entries()) tokens.set(one, offsets[i]);
      return score({ tokens, offsets });
    },
    live(): LiveSession {
      const encoder = sessionEncoder(rule);
      const actions: string[] = [];
      return {
        get events() {
          return actions.length;
        },
        add({ action }) {
          const { tokens } = encoder.encode([...actions, action].map((one) => ({ action: one })));
          actions.push(action);
          return predict(tokens);
        },
      };
    },
  };
}
