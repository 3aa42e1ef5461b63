import type { Examples } from 'smallboat/features';
import type { ReportComponent } from 'smallboat/report';
import type { DecisionMetrics } from 'smallboat/training';
import { metricsOf } from 'smallboat/training';
import type { Snapshot } from './ingest.ts';

interface Scored {
  readonly name: string;
  readonly scores: ArrayLike<number>;
}

export interface JudgementOptions {
  readonly candidate: Scored;
  readonly others: readonly Scored[];
  readonly examples: Examples;
  readonly snapshot: Snapshot;
  /** The challenge's weighted micro-F1, shown last. */
  readonly weighted: (metrics: readonly DecisionMetrics[]) => number | null;
}

/** Metrics of the model beside those of the baselines, and how well its probabilities are calibrated. */
export function judgement({
  candidate,
  others,
  examples,
  snapshot,
  weighted,
}: JudgementOptions): readonly ReportComponent[] {
  const judged = [candidate, ...others].map(({ name, scores }) => ({ name, metrics: metricsOf(scores, examples) }));
  const points = judged[0]?.metrics ?? [];
  const best = snapshot.best;
  const table = (
    caption: string,
    of: (m: DecisionMetrics) => number | null,
    bound?: readonly (number | null)[],
  ): ReportComponent => ({
    kind: 'table',
    caption,
    columns: ['', ...points.map(({ decision }) => (decision === 'all' ? 'all' : `+${decision}`))],
    rows: [
      ...judged.map(({ name, metrics }) => [name, ...metrics.map((m) => rounded(of(m)))]),
      ...(bound === undefined ? [] : [['best possible, expected', ...bound.map(rounded)]]),
    ],
  });
  const bounds =
    best === null ? undefined : points.map(({ decision }) => best.find((b) => b.events === decision)?.auc ?? null);
  const calibration = points.find(({ decision }) => decision === 'all')?.bins ?? [];
  return [
    { kind: 'heading', text: 'On the test part', level: 3 },
    {
      kind: 'text',
      text: 'By events after the first add. All-zero says that nobody buys; prior knows only the share of buyers.',
    },
    table('ROC-AUC', (m) => m.auc, bounds),
    table('Average precision', (m) => m.averagePrecision),
    table('Log loss (nats)', (m) => m.logLoss),
    table('Expected calibration error', (m) => m.calibrationError),
    {
      kind: 'lineChart',
      title: `Calibration of ${candidate.name}`,
      xLabel: 'predicted probability',
      yLabel: 'share that buys',
      series: [
        { name: candidate.name, points: calibration.map((bin) => [bin.predicted, bin.observed] as const) },
        {
          name: 'perfect',
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
    },
    {
      kind: 'table',
      caption: "The challenge's weighted micro-F1 (at most 4.5)",
      columns: ['', 'score'],
      rows: judged.map(({ name, metrics }) => [name, rounded(weighted(metrics))]),
    },
  ];
}

const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(4)));
