import type { DriftRule } from './drift.ts';
import type { DriftReport } from './report.ts';

/**
 * What is wrong:
 * - `drift`: inputs or scores are not what the model was judged on;
 * - `performance`: by the labels that came, the model is worse than before it went live;
 * - `estimate`: by the scores alone, it is likely worse;
 * - `silence`: fewer predictions than were expected;
 * - `dropped`: the log could not keep all predictions.
 */
export const ALARM_KINDS = ['drift', 'performance', 'estimate', 'silence', 'dropped'] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

export interface Alarm {
  readonly kind: AlarmKind;
  readonly sentence: string;
}

/** Kinds that a new training may mend. */
export const MENDED_BY_TRAINING: readonly AlarmKind[] = ['drift', 'performance', 'estimate'];

/**
 * The rule by which a report raises a false alarm in at most this share of checks: the rate goes in equal parts to the
 * three verdicts that are tests (drift, performance, estimate), so that it holds whatever the dependence between them.
 *
 * @param falseAlarmRate Above 0, below 1: 0.01 is one check in a hundred.
 */
export function ruleFor(falseAlarmRate: number, rule: DriftRule = {}): DriftRule {
  return { ...rule, alpha: falseAlarmRate / 3 };
}

/** The alarms of a report. `expected` predictions or more are no silence; default: any number is right. */
export function alarmsOf(report: DriftReport, { expected = 0 }: { readonly expected?: number } = {}): readonly Alarm[] {
  const { status, sentence, performance, estimated, predictions, dropped } = report;
  const alarms: (Alarm | false | undefined)[] = [
    status === 'drift' && { kind: 'drift', sentence },
    performance?.status === 'worse' && { kind: 'performance', sentence: performance.sentence },
    estimated?.status === 'worse' && { kind: 'estimate', sentence: estimated.sentence },
    predictions < expected && {
      kind: 'silence',
      sentence: `Only ${predictions.toLocaleString('en')} predictions came, and at least ${expected.toLocaleString('en')} were expected.`,
    },
    dropped > 0 && {
      kind: 'dropped',
      sentence: `The log had to drop ${dropped.toLocaleString('en')} records: the disk did not keep up.`,
    },
  ];
  return alarms.filter((alarm): alarm is Alarm => typeof alarm === 'object');
}
