import type { CanaryRule, Verdict } from '../canary.ts';
import { canary } from '../canary.ts';
import type { CloudLine } from './aws.ts';

/** `REPORT RequestId: … Duration: 12.34 ms Billed Duration: …`, and `Status: timeout` or `error` where the call failed. */
const REPORT = /^REPORT RequestId: (\S+)\s.*?\bDuration: ([\d.]+) ms/s;
const FAILED = /\bStatus: (?:error|timeout)\b|\bTask timed out\b|\bRuntime\.ExitError\b|\bINTERNAL\b/;

/**
 * Judges a version of a function that answers a share of the calls, from what Lambda itself logs of each: a REPORT with the duration, and the lines of
 * failures. Which version wrote a line, its log stream says: `2026/11/26/[7]9f…`. A line that was seen counts once.
 */
export function lambdaTrial(rule: CanaryRule, version: string): { note(lines: readonly CloudLine[]): Verdict } {
  const judge = canary(rule);
  const seen = new Set<string>();
  const failedRequests = new Set<string>();
  return {
    note(lines) {
      for (const { text } of lines) {
        const [, id] =
          /RequestId: (\S+)/.exec(text) ?? /\b([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\b/.exec(text) ?? [];
        if (id !== undefined && FAILED.test(text)) failedRequests.add(id);
      }
      for (const { text, stream } of lines) {
        const [, id = '', duration = '0'] = REPORT.exec(text) ?? [];
        if (id === '' || seen.has(id)) continue;
        seen.add(id);
        const side = stream.includes(`[${version}]`) ? 'new' : 'old';
        const outcome = { hasFailed: failedRequests.has(id), milliseconds: Number(duration) };
        judge.note(side, { ...outcome, ...predictionOf(lines, stream) });
      }
      return judge.verdict();
    },
  };
}

/** The mean prediction that a stream has logged, as one prediction. */
function predictionOf(lines: readonly CloudLine[], stream: string): { readonly sum: number; readonly count: number } {
  const values = lines
    .filter((line) => line.stream === stream && line.text.startsWith('{"kind":"prediction"'))
    .map(({ text }) => Number(/"prediction":([\d.eE+-]+)/.exec(text)?.[1]));
  if (values.length === 0) return { sum: 0, count: 0 };
  return { sum: values.reduce((a, b) => a + b, 0) / values.length, count: 1 };
}
