import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { defineErrors, isMissing, writeWhole, messageOf } from '../kernel/index.ts';
import type { Alarm, AlarmKind } from './alarms.ts';
import { ALARM_KINDS, MENDED_BY_TRAINING, alarmsOf, ruleFor } from './alarms.ts';
import type { AlarmChannel, AlarmMessage, DeliveryOptions } from './deliver-alarm.ts';
import { deliverAlarm } from './deliver-alarm.ts';
import type { DriftReport, DriftReportOptions } from './report.ts';
import { driftReport } from './report.ts';

export const alarmErrors = defineErrors({
  ALARM_STATE_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} does not say which alarms were told: ${f.problem}. Delete it; alarms that stand are then told once more.`,
});

/** When an alarm of a kind was last told, and when it was last acted on; milliseconds since 1970. */
const State = z.partialRecord(
  z.enum(ALARM_KINDS),
  z.object({ told: z.number().exactOptional(), acted: z.number().exactOptional() }),
);
type State = z.infer<typeof State>;

export interface CheckAlarmsOptions extends DriftReportOptions {
  /** The share of checks that may raise an alarm though nothing has changed. Default 0.01. */
  readonly falseAlarmRate?: number;
  /** Fewer predictions in the window are an alarm. Default 0: none is. */
  readonly expected?: number;
  /** Remembers what was told. One file for each model that is watched. */
  readonly statePath: string;
  /** An alarm that stands is told and acted on again after this time, in milliseconds. Default a day. */
  readonly repeatMs?: number;
  readonly channels?: readonly AlarmChannel[];
  /** Called with alarms that a new training may mend, when they are new or stand for `repeatMs`: start it here. */
  readonly onAlarm?: (alarms: readonly Alarm[], report: DriftReport) => Promise<void>;
  /** Writes the page before anything is told, and names where it is. */
  readonly publish?: (report: DriftReport) => Promise<string>;
  readonly delivery?: DeliveryOptions;
}

export interface AlarmCheck {
  readonly report: DriftReport;
  /** All that stand now. */
  readonly alarms: readonly Alarm[];
  /** Those that were told now. */
  readonly told: readonly AlarmKind[];
  /** Those that `onAlarm` was called with now. */
  readonly acted: readonly AlarmKind[];
  /** Told before, and over now. */
  readonly resolved: readonly AlarmKind[];
}

/**
 * Makes a report, tells what is wrong with it, and starts what shall mend it. An alarm is told once, and again when it stands
 * for long; its end is told too. If a channel cannot be reached, the others are told and `onAlarm` is called nevertheless,
 * and then the call rejects; so it does with what `onAlarm` rejects with. What failed is done again by the next check.
 *
 * Rejects with `ALARM_UNDELIVERED`, `ALARM_STATE_UNREADABLE`, and what `driftReport` and the functions handed in reject with.
 */
export async function checkAlarms(options: CheckAlarmsOptions): Promise<AlarmCheck> {
  const { falseAlarmRate = 0.01, statePath, repeatMs = 86_400_000, channels = [], now, onAlarm } = options;
  const before = await readState(statePath);
  const report = await driftReport({ ...options, rule: ruleFor(falseAlarmRate, options.rule) });
  const page = await options.publish?.(report);
  const alarms = alarmsOf(report, options);
  const isDue = (at: number | undefined): boolean => at === undefined || now - at >= repeatMs;
  const toTell = alarms.filter(({ kind }) => isDue(before[kind]?.told));
  const toMend = alarms.filter(({ kind }) => MENDED_BY_TRAINING.includes(kind) && isDue(before[kind]?.acted));
  const over = ALARM_KINDS.filter(
    (kind) => before[kind]?.told !== undefined && !alarms.some((alarm) => alarm.kind === kind),
  );

  const problems: unknown[] = [];
  const isTold = await tellAll();
  const isActed = onAlarm !== undefined && toMend.length > 0 && (await act(onAlarm));
  await writeWhole(statePath, `${JSON.stringify(stateAfter())}\n`);
  if (problems.length > 0) throw problems[0];
  const kinds = (list: readonly Alarm[]): AlarmKind[] => list.map(({ kind }) => kind);
  return { report, alarms, told: isTold ? kinds(toTell) : [], acted: isActed ? kinds(toMend) : [], resolved: over };

  async function tellAll(): Promise<boolean> {
    if (channels.length === 0 || toTell.length + over.length === 0) return channels.length === 0;
    const message = alarmMessage(report, { alarms: toTell, resolved: over, ...(page === undefined ? {} : { page }) });
    const results = await Promise.allSettled(
      channels.map((channel) => deliverAlarm(channel, message, options.delivery)),
    );
    const failed = results.filter((result) => result.status === 'rejected');
    problems.push(...failed.map(({ reason }): unknown => reason));
    return failed.length === 0;
  }

  async function act(mend: NonNullable<typeof onAlarm>): Promise<boolean> {
    try {
      await mend(toMend, report);
      return true;
    } catch (error) {
      problems.push(error);
      return false;
    }
  }

  function stateAfter(): State {
    const state: State = {};
    for (const kind of isTold ? [] : over) state[kind] = { ...before[kind] };
    for (const alarm of alarms) {
      const { kind } = alarm;
      state[kind] = {
        ...before[kind],
        ...(isTold && toTell.includes(alarm) ? { told: now } : {}),
        ...(isActed && toMend.includes(alarm) ? { acted: now } : {}),
      };
    }
    return state;
  }
}

function alarmMessage(
  { madeAt, reference, window, predictions }: DriftReport,
  rest: Pick<AlarmMessage, 'alarms' | 'resolved' | 'page'>,
): AlarmMessage {
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    format: 'smallboat-alarm',
    version: 1,
    at: iso(madeAt),
    model: reference.model,
    window: { ...(window.from === undefined ? {} : { from: iso(window.from) }), to: iso(window.to) },
    predictions,
    ...rest,
  };
}

async function readState(path: string): Promise<State> {
  try {
    return State.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    if (isMissing(cause)) return {};
    const problem = messageOf(cause);
    throw alarmErrors.ALARM_STATE_UNREADABLE({ path, problem }, { cause });
  }
}
