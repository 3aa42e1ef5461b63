import type { WorkOptions } from '../kernel/index.ts';
import { latestFeedback } from './latest-feedback.ts';
import type { Performance } from './performance.ts';
import { measure } from './performance.ts';
import { readLog } from './read-log.ts';

export interface LiveWindowsOptions extends WorkOptions {
  /** Folder of the prediction log. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Length of a window, in milliseconds; windows begin at whole multiples of it since 1970 (UTC). */
  readonly windowMs: number;
  /**
   * How long after a prediction its outcome is settled, in milliseconds. Younger predictions are not measured, though some
   * have labels: purchases become known sooner than that there was none, and would make the model look wrong.
   */
  readonly maturityMs: number;
  /**
   * What a settled prediction without feedback is: left out (`unknown`, the default), or label 0 (`negative`), where
   * feedback is sent for purchases only.
   */
  readonly missing?: 'unknown' | 'negative';
  /** Predictions made from this time on, milliseconds since 1970. Default: from the beginning of the log. */
  readonly from?: number;
  /** Only predictions of this version of the model. Default: all. */
  readonly modelVersion?: string;
}

/** Predictions of one stretch of time, and what they were worth as far as that is settled. */
export interface LiveWindow {
  /** Milliseconds since 1970, included. */
  readonly from: number;
  /** Left out. */
  readonly to: number;
  readonly predictions: number;
  /** Those whose outcome is settled by their age. */
  readonly mature: number;
  /** Settled ones with a label: what is measured. */
  readonly labelled: number;
  /** No prediction of the window can change its label any more. */
  readonly isSettled: boolean;
  /** Of the labelled ones; figures that cannot be had are NaN. */
  readonly performance: Performance;
}

/** ROC-AUC, log loss and calibration over windows of time, as labels mature. Windows without predictions are left out. */
export async function liveWindows(options: LiveWindowsOptions): Promise<readonly LiveWindow[]> {
  const { folder, now, windowMs, maturityMs, missing = 'unknown', from, modelVersion, signal } = options;
  const since = { folder, ...(from === undefined ? {} : { from }), ...(signal ? { signal } : {}) };
  const labels = await latestFeedback(since);
  const windows = new Map<number, { predictions: number; mature: number; scores: number[]; labels: number[] }>();
  for await (const entry of readLog({ ...since, to: now })) {
    if (entry.kind !== 'prediction' || (modelVersion !== undefined && entry.modelVersion !== modelVersion)) continue;
    const start = Math.floor(entry.at / windowMs) * windowMs;
    const window = windows.get(start) ?? { predictions: 0, mature: 0, scores: [], labels: [] };
    windows.set(start, window);
    window.predictions++;
    if (entry.at + maturityMs > now) continue;
    window.mature++;
    const label = labels.get(entry.id) ?? (missing === 'negative' ? 0 : undefined);
    if (label === undefined || !(entry.prediction >= 0 && entry.prediction <= 1)) continue;
    window.scores.push(entry.prediction);
    window.labels.push(label);
  }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([start, window]) => ({
      from: start,
      to: start + windowMs,
      predictions: window.predictions,
      mature: window.mature,
      labelled: window.labels.length,
      isSettled: start + windowMs + maturityMs <= now,
      performance: measure(window.scores, window.labels),
    }));
}
