import type { ReportCell, ReportComponent, Series } from '../report/index.ts';
import type { TrackedRunInfo, Tracker } from './tracker.ts';

export interface ComparisonOptions {
  /** Metrics to show, each with the value that counts. Default: all that the runs have, by their last value. */
  readonly metrics?: readonly { readonly name: string; readonly best: 'highest' | 'lowest' | 'last' }[];
  readonly caption?: string;
}

/**
 * Runs side by side: a table with the parameters in which they differ, and their metrics; the best value of each metric
 * is marked.
 */
export function comparisonComponents(
  runs: readonly TrackedRunInfo[],
  options: ComparisonOptions = {},
): readonly ReportComponent[] {
  const params = [...new Set(runs.flatMap((r) => Object.keys(r.params)))].filter(
    (name) => runs.length === 1 || new Set(runs.map((r) => r.params[name])).size > 1,
  );
  const names = [...new Set(runs.flatMap((r) => Object.keys(r.metrics)))];
  const metrics = options.metrics ?? names.map((name) => ({ name, best: 'last' as const }));
  const columns = metrics.map(({ name, best }) => {
    const values = runs.map(({ metrics: { [name]: m } }) =>
      m === undefined ? undefined : best === 'highest' ? m.max : best === 'lowest' ? m.min : m.last,
    );
    const known = values.filter((v): v is number => v !== undefined && !Number.isNaN(v));
    const winner =
      best === 'last' || runs.length < 2 ? undefined : best === 'highest' ? Math.max(...known) : Math.min(...known);
    return values.map((v): ReportCell => (v === undefined ? null : v === winner ? { value: v, tone: 'good' } : v));
  });
  return [
    {
      kind: 'table',
      ...(options.caption === undefined ? {} : { caption: options.caption }),
      columns: ['run', 'status', ...params, ...metrics.map((m) => m.name)],
      rows: runs.map((run, i): readonly ReportCell[] => [
        run.name,
        run.status === 'failed' || run.status === 'lost' ? { value: run.status, tone: 'bad' } : run.status,
        ...params.map((name) => cellOf(run.params[name])),
        ...columns.map((cells) => cells[i] ?? null),
      ]),
    },
  ];
}

export interface LearningCurveOptions {
  readonly title: string;
  /** Metrics to draw, one line a run and metric. */
  readonly metrics: readonly string[];
  /** What a step is. Default `epoch`. */
  readonly step?: string;
  readonly yLabel?: string;
}

/** Metrics of runs over their steps, as a line chart. Rejects with `TRACKED_RUN_NOT_FOUND`. */
export async function learningCurveComponents(
  tracker: Tracker,
  runs: readonly Pick<TrackedRunInfo, 'id' | 'name'>[],
  options: LearningCurveOptions,
): Promise<readonly ReportComponent[]> {
  const { title, metrics, step = 'epoch', yLabel = metrics.join(', ') } = options;
  const series: Series[] = [];
  for (const run of runs) {
    for (const metric of metrics) {
      const points = (await tracker.metricHistory(run.id, metric)).filter((p) => Number.isFinite(p.value));
      const name =
        [...(runs.length > 1 ? [run.name] : []), ...(metrics.length > 1 ? [metric] : [])].join(' ') || metric;
      series.push({ name, points: points.map((p) => [p.step, p.value] as const) });
    }
  }
  return [{ kind: 'lineChart', title, xLabel: step, yLabel, series }];
}

function cellOf(value: string | number | boolean | undefined): ReportCell {
  return typeof value === 'boolean' ? String(value) : (value ?? null);
}
