import type { Examples } from 'smallboat/features';
import type { ReportComponent } from 'smallboat/report';
import type { DecisionMetrics, Interval, LiftPoint, MetricIntervals } from 'smallboat/training';
import {
  aucAdvantage,
  bootstrapIntervals,
  commonSlicings,
  liftCurve,
  metricsBySlice,
  metricsOf,
  profitCurve,
} from 'smallboat/training';
import type { Snapshot } from './ingest.ts';

interface Scored {
  readonly name: string;
  readonly scores: ArrayLike<number>;
}

export interface JudgementOptions {
  readonly candidate: Scored;
  /** The other trials. */
  readonly rest: readonly Scored[];
  readonly baselines: readonly Scored[];
  readonly examples: Examples;
  readonly snapshot: Snapshot;
  /** The challenge's weighted micro-F1, shown last. */
  readonly weighted: (metrics: readonly DecisionMetrics[]) => number | null;
}

/** What an action on a cart costs and brings, for the profit curve: a message that costs 1 and earns 5 where it meets a buyer. */
const ACTION = { cost: 1, gain: 5 } as const;
/** The share of carts that a shop can act on. */
const ACTED = 0.1;

/** Metrics of the model beside those of the other trials and the baselines, with what chance could make of them, by slice, and what they are worth. */
export function judgement(options: JudgementOptions): readonly ReportComponent[] {
  const { candidate, rest, baselines, examples, snapshot, weighted } = options;
  const judged = [candidate, ...rest, ...baselines].map(({ name, scores }) => ({
    name,
    metrics: metricsOf(scores, examples),
  }));
  const points = judged[0]?.metrics ?? [];
  const columns = ['', ...points.map(({ decision }) => (decision === 'all' ? 'all' : `+${decision}`))];
  const best = snapshot.best;
  const bounds =
    best === null ? undefined : points.map(({ decision }) => best.find((b) => b.events === decision)?.auc ?? null);
  const intervals = bootstrapIntervals(candidate.scores, examples);
  const table = (
    caption: string,
    of: (m: DecisionMetrics) => number | null,
    more: {
      readonly interval?: (i: MetricIntervals) => Interval | null;
      readonly bound?: readonly (number | null)[];
    } = {},
  ): ReportComponent => ({
    kind: 'table',
    caption,
    columns,
    rows: judged.flatMap(({ name, metrics }, i) => [
      [name, ...metrics.map((m) => rounded(of(m)))],
      ...(i === 0 && more.interval !== undefined
        ? [['95 % of samples', ...intervals.map(more.interval).map(span)]]
        : []),
      ...(i === judged.length - 1 && more.bound !== undefined
        ? [['best possible, expected', ...more.bound.map(rounded)]]
        : []),
    ]),
  });
  const calibration = points.find(({ decision }) => decision === 'all')?.bins ?? [];
  return [
    { kind: 'heading', text: 'On the test part', level: 3 },
    {
      kind: 'text',
      text: 'By events after the first add. All-zero says that nobody buys; prior knows only the share of buyers; boosting is given the same features as the model, as counts. Intervals are bootstrapped over sessions.',
    },
    table('ROC-AUC', (m) => m.auc, {
      interval: (i) => i.auc,
      ...(bounds === undefined ? {} : { bound: bounds }),
    }),
    advantages(options, columns),
    table('Average precision', (m) => m.averagePrecision, { interval: (i) => i.averagePrecision }),
    table('Log loss (nats)', (m) => m.logLoss, { interval: (i) => i.logLoss }),
    table('Brier score', (m) => m.brier, { interval: (i) => i.brier }),
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
    ...slices(candidate, examples),
    ...worth([candidate, ...baselines.filter(({ name }) => name === 'boosting' || name === 'logistic')], examples),
    {
      kind: 'table',
      caption: "The challenge's weighted micro-F1 (at most 4.5)",
      columns: ['', 'score'],
      rows: judged.map(({ name, metrics }) => [name, rounded(weighted(metrics))]),
    },
  ];
}

/** By how much the ROC-AUC is above each baseline's, on the same samples. */
function advantages({ candidate, baselines, examples }: JudgementOptions, columns: readonly string[]): ReportComponent {
  return {
    kind: 'table',
    caption: `ROC-AUC of ${candidate.name} above each baseline’s: 95 % of samples`,
    columns,
    rows: baselines
      .filter(({ name }) => name !== 'all-zero')
      .map(({ name, scores }) => [
        name,
        ...aucAdvantage({ candidate: candidate.scores, baseline: scores }, examples, { replicates: 100 }).map(
          ({ interval }) => span(interval),
        ),
      ]),
  };
}

function slices({ scores }: Scored, examples: Examples): readonly ReportComponent[] {
  const metrics = metricsBySlice(scores, examples, commonSlicings(examples));
  return [
    {
      kind: 'table',
      caption: 'By slice, all decision points',
      columns: ['', 'examples', 'buy', 'mean score', 'ROC-AUC', '± standard error', 'log loss', 'calibration error'],
      rows: metrics.map((slice) => [
        `${slice.slicing}: ${slice.value}`,
        slice.count,
        rounded(slice.positiveRate),
        rounded(slice.meanScore),
        rounded(slice.auc),
        rounded(slice.aucStandardError),
        rounded(slice.logLoss),
        rounded(slice.calibrationError),
      ]),
    },
  ];
}

/** What the scores are worth to a shop that acts at the first add, on the carts most likely to be bought. */
function worth(scored: readonly Scored[], { labels, decision }: Examples): readonly ReportComponent[] {
  const here = (_: unknown, i: number): boolean => decision[i] === 0;
  const outcome = labels.filter(here);
  const curves = scored.map(({ name, scores }) => ({
    name,
    curve: liftCurve(Array.from(scores).filter(here), outcome),
  }));
  const tenth = curves[0]?.curve.find(({ share }) => share === ACTED);
  if (tenth === undefined) return [];
  const profits = curves.map(({ name, curve }) => ({ name, curve: profitCurve(curve, ACTION) }));
  const mine = profits[0]?.curve ?? [];
  const atTenth = mine.find(({ share }) => share === ACTED);
  return [
    {
      kind: 'text',
      text: `A shop that acts on one in ten carts at the first add, those most likely to be bought, meets ${tenth.lift.toFixed(2)} times as many buyers as by lot: ${percent(tenth.precision)} of them buy, and ${percent(tenth.reached)} of all buyers are among them. If acting costs ${ACTION.cost} and earns ${ACTION.gain} with a buyer, a thousand carts bring ${(atTenth?.profit ?? 0).toFixed(0)}, by lot ${(atTenth?.byLot ?? 0).toFixed(0)}.`,
    },
    {
      kind: 'lineChart',
      title: 'Lift at the first add',
      xLabel: 'share of carts acted on',
      yLabel: 'times the share of buyers',
      series: curves.map(({ name, curve }) => ({ name, points: pointsOf(curve, 'lift') })),
    },
    {
      kind: 'lineChart',
      title: 'Profit at the first add',
      xLabel: 'share of carts acted on',
      yLabel: `a thousand carts (cost ${ACTION.cost}, gain ${ACTION.gain})`,
      series: [
        ...profits.map(({ name, curve }) => ({ name, points: curve.map((p) => [p.share, p.profit] as const) })),
        { name: 'by lot', points: mine.map((p) => [p.share, p.byLot] as const) },
      ],
    },
  ];
}

function pointsOf(curve: readonly LiftPoint[], name: 'lift'): readonly (readonly [number, number])[] {
  return curve.map((point) => [point.share, point[name]] as const);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const rounded = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(4)));
const span = (interval: Interval | null): string | null =>
  interval === null ? null : `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`;
