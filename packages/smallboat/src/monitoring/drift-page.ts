import type { Figure, ReportCell, ReportComponent, Tone } from '../report/index.ts';
import { page, renderComponents } from '../report/index.ts';
import type { Estimated } from './estimate.ts';
import type { DriftStatus, FeatureDrift } from './drift.ts';
import type { LiveWindow } from './live-windows.ts';
import type { DriftReport } from './report.ts';

const TONES: Readonly<Record<DriftStatus, Tone>> = { none: 'good', some: 'warn', drift: 'bad', unknown: 'plain' };

/** The report as one self-contained page: the verdict in a sentence, the figures, each distribution now and then, time; with
 * `windows` also how good predictions were, window by window. */
export function renderDriftPage(report: DriftReport, windows: readonly LiveWindow[] = []): string {
  return page({
    title: 'Does live traffic still look like the training data?',
    subtitle: subtitleOf(report),
    body: renderComponents([
      ...monitoringComponents(report),
      { kind: 'heading', text: 'Now against the reference' },
      ...[...report.features].sort((a, b) => b.psi - a.psi).flatMap(featureComponents),
      ...timeComponents(report),
      ...performanceComponents(report),
      ...liveComponents(windows),
      ...estimateComponents(report),
      ...sourceComponents(report),
    ]),
  });
}

/** The report in short, for a run's card: verdict, figures, a table of the features. */
export function monitoringComponents(report: DriftReport): readonly ReportComponent[] {
  const { performance, estimated } = report;
  return [
    { kind: 'callout', tone: TONES[report.status], text: report.sentence },
    ...(performance?.status === 'worse' ? [{ kind: 'callout', tone: 'bad', text: performance.sentence } as const] : []),
    ...(report.dropped > 0
      ? [
          {
            kind: 'callout',
            tone: 'warn',
            text: `The log had to drop ${report.dropped.toLocaleString('en')} records: the disk did not keep up.`,
          } as const,
        ]
      : []),
    ...(estimated?.status === 'worse' ? [{ kind: 'callout', tone: 'warn', text: estimated.sentence } as const] : []),
    { kind: 'figures', figures: figuresOf(report) },
    {
      kind: 'table',
      caption: `A feature has drifted if its difference is both significant (p, corrected for five features, below ${Number(report.alpha.toPrecision(2))}) and large (PSI from 0.1: some, from 0.25: drift)`,
      columns: ['feature', 'verdict', 'PSI', 'JS distance', 'test', 'statistic', 'p, corrected'],
      rows: report.features.map((f): readonly ReportCell[] => [
        f.feature,
        { value: f.status, tone: TONES[f.status] },
        round(f.psi),
        round(f.jensenShannon),
        f.test.name,
        round(f.test.statistic),
        probability(f.test.adjustedP),
      ]),
    },
  ];
}

function figuresOf({
  predictions,
  meanScore,
  reference,
  features,
  performance,
  status,
}: DriftReport): readonly Figure[] {
  const worst = features.reduce<FeatureDrift | undefined>(
    (a, b) => (a === undefined || b.psi > a.psi ? b : a),
    undefined,
  );
  const then = reference.performance.meanScore;
  return [
    {
      label: 'predictions',
      value: predictions.toLocaleString('en'),
      note: `against ${reference.examples.toLocaleString('en')} in the reference`,
    },
    {
      label: 'mean predicted probability',
      value: Number.isNaN(meanScore) ? '–' : meanScore.toFixed(3),
      ...(then === null ? {} : { note: `${then.toFixed(3)} in the reference` }),
    },
    ...(worst === undefined || status === 'unknown'
      ? []
      : [{ label: 'largest PSI', value: worst.psi.toFixed(2), note: worst.feature, tone: TONES[worst.status] }]),
    performance === undefined
      ? { label: 'live ROC-AUC', value: '–', note: 'no feedback yet' }
      : {
          label: 'live ROC-AUC',
          value: Number.isNaN(performance.live.rocAuc) ? '–' : performance.live.rocAuc.toFixed(3),
          note: `${performance.live.examples.toLocaleString('en')} with feedback`,
          tone: performance.status === 'worse' ? 'bad' : performance.status === 'as trained' ? 'good' : 'plain',
        },
  ];
}

function featureComponents(feature: FeatureDrift): readonly ReportComponent[] {
  return [
    {
      kind: 'barChart',
      title: `${feature.feature}: ${feature.meaning} (${feature.status}, PSI ${feature.psi.toFixed(3)})`,
      yLabel: 'share, %',
      labels: feature.bins,
      series: [
        { name: 'reference', values: feature.reference.map((share) => 100 * share) },
        { name: 'live', values: feature.live.map((share) => 100 * share) },
      ],
    },
  ];
}

function timeComponents({ timeline, bucketMs, window }: DriftReport): readonly ReportComponent[] {
  const start = timeline[0]?.from;
  if (start === undefined || timeline.length < 2) return [];
  const unit = UNITS.find(({ ms }) => ms * 2 <= bucketMs * timeline.length) ?? { name: 'milliseconds', ms: 1 };
  const xLabel = `${unit.name} since ${iso(window.first ?? start)} UTC`;
  const points = (value: (bucket: (typeof timeline)[number]) => number): readonly (readonly [number, number])[] =>
    timeline
      .map((bucket) => [(bucket.from - start) / unit.ms, value(bucket)] as const)
      .filter(([, y]) => !Number.isNaN(y));
  return [
    { kind: 'heading', text: 'Over time' },
    {
      kind: 'lineChart',
      title: 'Predictions',
      xLabel,
      yLabel: `predictions in ${durationOf(bucketMs)}`,
      series: [{ name: 'predictions', points: points((b) => b.predictions) }],
    },
    {
      kind: 'lineChart',
      title: 'Mean predicted probability',
      xLabel,
      yLabel: 'probability',
      series: [{ name: 'mean', points: points((b) => b.meanScore) }],
    },
  ];
}

function performanceComponents({ performance, reference }: DriftReport): readonly ReportComponent[] {
  if (performance === undefined) return [];
  const { live, sentence } = performance;
  const then = reference.performance;
  const row = (name: string, now: number, before: number | null): readonly ReportCell[] => [
    name,
    round(now),
    before === null ? null : round(before),
  ];
  return [
    { kind: 'heading', text: 'Were the predictions right?' },
    { kind: 'text', text: sentence },
    {
      kind: 'table',
      columns: ['', 'live', 'reference'],
      rows: [
        row('predictions with a known outcome', live.examples, then.examples),
        row('share that bought', live.rate, then.rate),
        row('mean predicted probability', live.meanScore, then.meanScore),
        row('ROC-AUC', live.rocAuc, then.rocAuc),
        row('log loss', live.logLoss, then.logLoss),
        row('calibration error', live.calibrationError, then.calibrationError),
      ],
    },
    {
      kind: 'barChart',
      title: 'Calibration: what was predicted and what happened',
      yLabel: 'share, %',
      labels: live.calibration.map((b) => `${b.from.toFixed(1)}–${b.to.toFixed(1)}`),
      series: [
        { name: 'predicted', values: live.calibration.map((b) => 100 * b.meanScore) },
        { name: 'bought', values: live.calibration.map((b) => 100 * b.rate) },
      ],
    },
  ];
}

/** Windows of which something is known, as a line with what chance does to it, and as numbers. */
function liveComponents(windows: readonly LiveWindow[]): readonly ReportComponent[] {
  const known = windows.filter(({ labelled }) => labelled > 0);
  const [first] = known;
  if (first === undefined) return [];
  const points = (value: (w: LiveWindow) => number): readonly (readonly [number, number])[] =>
    known.map((w) => [(w.from - first.from) / 86_400_000, value(w)] as const).filter(([, y]) => Number.isFinite(y));
  const auc = points((w) => w.performance.rocAuc);
  return [
    { kind: 'heading', text: 'As labels matured' },
    ...(auc.length < 2
      ? []
      : [
          {
            kind: 'lineChart',
            title: 'ROC-AUC, and two standard errors around it',
            xLabel: `days since ${iso(first.from)} UTC`,
            yLabel: 'ROC-AUC',
            series: [
              { name: 'AUC', points: auc },
              { name: 'lower', points: points((w) => w.performance.rocAuc - 2 * w.performance.rocAucError) },
              { name: 'upper', points: points((w) => w.performance.rocAuc + 2 * w.performance.rocAucError) },
            ],
          } as const,
        ]),
    {
      kind: 'table',
      columns: [
        'window from (UTC)',
        'predictions',
        'labelled',
        'bought',
        'ROC-AUC',
        'log loss',
        'calibration error',
        'labels',
      ],
      rows: known.map(({ from, predictions, labelled, isSettled, performance: p }) => [
        iso(from),
        predictions,
        labelled,
        round(p.rate),
        round(p.rocAuc),
        round(p.logLoss),
        round(p.calibrationError),
        isSettled ? 'settled' : 'still maturing',
      ]),
    },
  ];
}

const FIGURES: readonly (readonly [key: Estimated, name: string])[] = [
  ['rocAuc', 'ROC-AUC'],
  ['accuracy', 'accuracy'],
  ['precision', 'precision'],
  ['recall', 'recall'],
  ['specificity', 'specificity'],
  ['f1', 'F1'],
];

function estimateComponents({ estimated }: DriftReport): readonly ReportComponent[] {
  if (estimated === undefined) return [];
  const { figures, reference, sentence } = estimated;
  return [
    { kind: 'heading', text: 'How good are they likely to be?' },
    { kind: 'text', text: sentence },
    {
      kind: 'table',
      caption:
        'Estimated from the scores, as far as they still mean what they meant; a score from 0.5 on counts as a predicted purchase',
      columns: ['', 'estimated now', '± standard error', 'reference'],
      rows: FIGURES.map(([key, name]) => [
        name,
        round(figures[key].value),
        round(figures[key].error),
        round(reference[key]),
      ]),
    },
  ];
}

function sourceComponents(report: DriftReport): readonly ReportComponent[] {
  const { reference, modelVersions, endpoints, problems, problemCount, invalidScores } = report;
  const { name = 'model', version } = reference.model;
  const named = (list: DriftReport['endpoints']): string =>
    list.map((n) => `${n.name} (${n.predictions.toLocaleString('en')})`).join(', ') || 'none';
  return [
    { kind: 'heading', text: 'What was compared' },
    {
      kind: 'table',
      columns: ['', ''],
      rows: [
        [
          'reference',
          `${name}${version === undefined ? '' : ` version ${version}`}, made ${iso(reference.madeAt)}, sha256 ${reference.sha256.slice(0, 12)}…`,
        ],
        ...Object.entries(reference.lineage).map(([key, value]) => [key, value] as const),
        ['model versions that answered', named(modelVersions)],
        ['endpoints', named(endpoints)],
        ...(invalidScores > 0 ? [['scores outside 0 to 1', { value: invalidScores, tone: 'bad' }] as const] : []),
      ],
    },
    ...(problemCount === 0
      ? []
      : [
          {
            kind: 'callout',
            tone: 'warn',
            text: `${problemCount} line${problemCount === 1 ? '' : 's'} of the log could not be read.`,
          } as const,
          { kind: 'table', columns: ['problem'], rows: problems.map((p) => [p]) } as const,
        ]),
  ];
}

function subtitleOf({ window, madeAt }: DriftReport): string {
  if (window.first === undefined || window.last === undefined) return `No predictions before ${iso(madeAt)} UTC`;
  return `Predictions from ${iso(window.first)} to ${iso(window.last)} UTC`;
}

const UNITS = [
  { name: 'days', ms: 86_400_000 },
  { name: 'hours', ms: 3_600_000 },
  { name: 'minutes', ms: 60_000 },
  { name: 'seconds', ms: 1_000 },
] as const;

function durationOf(ms: number): string {
  const unit = UNITS.find((u) => ms >= u.ms && ms % u.ms === 0);
  if (unit === undefined) return `${ms} ms`;
  const count = ms / unit.ms;
  return count === 1 ? `a${unit.name === 'hours' ? 'n' : ''} ${unit.name.slice(0, -1)}` : `${count} ${unit.name}`;
}

function iso(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

function round(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toFixed(4));
}

function probability(p: number): string {
  return Number.isNaN(p) ? '–' : p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}
