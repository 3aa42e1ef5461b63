import type { AlarmKind } from './alarms.ts';
import { ALARM_KINDS, alarmsOf } from './alarms.ts';
import type { DriftReport } from './report.ts';

/** A figure as Prometheus reads it: what it is, and its samples by label. */
interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/**
 * The figures of a report in Prometheus' text format, 0.0.4: for the textfile collector of node_exporter, or a handler of
 * one's own. All are gauges about the report's window, labelled with the model. What cannot be had is left out.
 */
export function monitoringMetrics(report: DriftReport, options: { readonly expected?: number } = {}): string {
  const model = report.reference.model.name ?? 'model';
  const raised = new Set(alarmsOf(report, options).map(({ kind }) => kind));
  const lines = gaugesOf(report, raised).flatMap(({ name, help, samples }) => {
    const known = samples.filter(({ value }) => Number.isFinite(value));
    if (known.length === 0) return [];
    return [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...known.map(({ labels, value }) => `${name}{${labelsOf({ model, ...labels })}} ${value}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

function gaugesOf(report: DriftReport, raised: ReadonlySet<AlarmKind>): readonly Gauge[] {
  const { features, performance, estimated, madeAt } = report;
  const one = (name: string, help: string, value: number): Gauge => ({ name, help, samples: [{ value }] });
  const by = (name: string, help: string, of: (f: (typeof features)[number]) => number): Gauge => ({
    name,
    help,
    samples: features.map((f) => ({ labels: { feature: f.feature }, value: of(f) })),
  });
  const now = performance?.live;
  return [
    one('smallboat_monitor_timestamp_seconds', 'When the report was made, since 1970.', madeAt / 1_000),
    one('smallboat_monitor_predictions', 'Predictions in the window.', report.predictions),
    one('smallboat_monitor_score_mean', 'Mean predicted probability.', report.meanScore),
    one('smallboat_monitor_dropped', 'Records that the log had to drop.', report.dropped),
    one('smallboat_monitor_invalid_scores', 'Scores outside 0 to 1.', report.invalidScores),
    by('smallboat_monitor_psi', 'Population stability index against the reference, in nats.', (f) => f.psi),
    by('smallboat_monitor_js_distance', 'Jensen-Shannon distance from the reference.', (f) => f.jensenShannon),
    by('smallboat_monitor_p', 'P-value of the test of no difference, adjusted by Holm.', (f) => f.test.adjustedP),
    one('smallboat_monitor_labelled', 'Predictions in the window with a label.', now?.examples ?? 0),
    one('smallboat_monitor_roc_auc', 'ROC-AUC by the labels.', now?.rocAuc ?? Number.NaN),
    one('smallboat_monitor_log_loss', 'Log loss by the labels, in nats.', now?.logLoss ?? Number.NaN),
    one(
      'smallboat_monitor_calibration_error',
      'Expected calibration error by the labels.',
      now?.calibrationError ?? Number.NaN,
    ),
    one(
      'smallboat_monitor_roc_auc_estimated',
      'ROC-AUC estimated without labels.',
      estimated?.figures.rocAuc.value ?? Number.NaN,
    ),
    one(
      'smallboat_monitor_roc_auc_reference',
      'ROC-AUC before the model went live.',
      report.reference.performance.rocAuc ?? Number.NaN,
    ),
    {
      name: 'smallboat_monitor_alarm',
      help: 'Whether the alarm stands: 1 or 0.',
      samples: ALARM_KINDS.map((kind) => ({ labels: { kind }, value: raised.has(kind) ? 1 : 0 })),
    },
  ];
}

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const escaped = (text: string): string =>
    text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

/** A file of alerting rules, as data: YAML when written so. */
export interface PrometheusRules {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly for?: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** What each alarm means, for whoever is woken by it. */
const MEANINGS: Readonly<
  Record<AlarmKind, { readonly alert: string; readonly severity: string; readonly summary: string }>
> = {
  drift: {
    alert: 'SmallboatDrift',
    severity: 'warning',
    summary: 'Predictions of {{ $labels.model }} do not look like the data that it was judged on.',
  },
  performance: {
    alert: 'SmallboatModelWorse',
    severity: 'critical',
    summary: 'By the labels that came, {{ $labels.model }} is worse than before it went live.',
  },
  estimate: {
    alert: 'SmallboatModelLikelyWorse',
    severity: 'warning',
    summary: 'By its scores alone, {{ $labels.model }} is likely worse than before it went live.',
  },
  silence: {
    alert: 'SmallboatFewPredictions',
    severity: 'critical',
    summary: 'Fewer predictions of {{ $labels.model }} came than were expected.',
  },
  dropped: {
    alert: 'SmallboatLogDropped',
    severity: 'warning',
    summary: 'The log of {{ $labels.model }} could not keep all predictions.',
  },
};

/**
 * Alerting rules over `monitoringMetrics`: one for each alarm, and one for a check that has not run for long.
 *
 * @param staleSeconds How old a report may be. Default two hours.
 */
export function prometheusRules({ staleSeconds = 7_200 }: { readonly staleSeconds?: number } = {}): PrometheusRules {
  const alarms = ALARM_KINDS.map((kind) => {
    const { alert, severity, summary } = MEANINGS[kind];
    const expr = `smallboat_monitor_alarm{kind="${kind}"} == 1`;
    return { alert, expr, labels: { severity }, annotations: { summary } };
  });
  const stale = {
    alert: 'SmallboatCheckStale',
    expr: `time() - smallboat_monitor_timestamp_seconds > ${staleSeconds}`,
    for: '5m',
    labels: { severity: 'warning' },
    annotations: { summary: 'No check of {{ $labels.model }} for {{ $value | humanizeDuration }}.' },
  };
  return { groups: [{ name: 'smallboat-monitor', rules: [...alarms, stale] }] };
}
