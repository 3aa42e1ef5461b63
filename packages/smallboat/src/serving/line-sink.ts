import { ACTIONS, TOKENS } from '../features/index.ts';
import type { PredictionSink } from './predictor.ts';

/**
 * A prediction log that is lines of JSON in the output of a process, which SageMaker and Lambda keep in CloudWatch: a line a prediction
 * (`kind: 'prediction'`) or feedback.
 */
export function lineSink(write: (line: string) => void): PredictionSink {
  let written = 0;
  const put = (record: object): void => {
    write(JSON.stringify(record));
    written++;
  };
  return {
    append: ({ tokens, ...record }) => put({ kind: 'prediction', ...record, session: actionsOf(tokens) }),
    feedback: (record) => put({ kind: 'feedback', ...record }),
    get stats() {
      return { written, dropped: 0 };
    },
  };
}

/** The actions of a sequence, without start and end: `view,add`. */
function actionsOf(tokens: Uint8Array): string {
  return [...tokens]
    .filter((token) => token >= TOKENS.add)
    .map((token) => ACTIONS[token - TOKENS.add])
    .join(',');
}
