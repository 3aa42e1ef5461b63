/**
 * What models reach on a shop's own data, split at two days, beside every baseline; and with a quarter and half of the training part:
 *
 *     npm start -- --data DIR --home HOME
 *     node bench/training/real-shop.ts HOME/warehouse.duckdb --validation 2016-10-01 --test 2016-10-11 [--seeds 3] [--epochs 8]
 */
import type { Examples } from '../../packages/smallboat/src/features/index.ts';
import { DECISION_POINTS, sliceExamples } from '../../packages/smallboat/src/features/index.ts';
import type { DecisionMetrics, LstmHyper } from '../../packages/smallboat/src/training/index.ts';
import {
  BASELINES,
  aucAdvantage,
  fitBaselines,
  metricsOf,
  scoreBaselines,
  scoreLstm,
  trainLstm,
} from '../../packages/smallboat/src/training/index.ts';
import { shopParts } from './shop-parts.ts';

const { dataset, seeds, epochs, said } = await shopParts();
const { test, validation } = dataset;
console.log(said);
console.log(`${''.padEnd(34)} ${DECISION_POINTS.map((n) => `+${n}`.padStart(6)).join('')}   all  log loss`);

const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
const scoresMean = (list: readonly Float32Array[]): Float64Array =>
  Float64Array.from(test.labels, (_, i) => mean(list.map((scores) => scores[i] ?? Number.NaN)));

/** ROC-AUC at each point, over all, and log loss: the mean over seeds. */
function line(name: string, runs: readonly (readonly DecisionMetrics[])[]): void {
  const points = runs[0] ?? [];
  const auc = points.map((_, i) => mean(runs.map((run) => run[i]?.auc ?? Number.NaN)).toFixed(3));
  const loss = mean(runs.map((run) => run.at(-1)?.logLoss ?? Number.NaN)).toFixed(4);
  console.log(`${name.padEnd(34)} ${auc.map((x) => x.padStart(6)).join('')}  ${loss}`);
}

function bare({ tokens, offsets, labels, decision }: Examples): Examples {
  return { tokens, offsets, labels, decision };
}

const fitted = fitBaselines(dataset.train, validation);
const baseline = scoreBaselines(fitted, test);
for (const name of BASELINES) line(name, [metricsOf(baseline[name], test)]);

for (const [input, share] of [
  ['actions', 1],
  ['context', 0.25],
  ['context', 0.5],
  ['context', 1],
] as const) {
  const seen = input === 'actions' ? bare : (examples: Examples): Examples => examples;
  const count = dataset.train.labels.length;
  const train = seen(sliceExamples(dataset.train, Math.floor(count * (1 - share)), count));
  const runs: Float32Array[] = [];
  for (const seed of seeds) {
    const hyper: LstmHyper = {
      cell: 'gru',
      units: 48,
      learningRate: 0.003,
      batchSize: 128,
      epochs,
      patience: 5,
      seed,
      schedule: 'one-cycle',
      clipNorm: 1,
      ...(input === 'context' ? { dropout: 0.4, contextDropout: 0.1, inputRate: 4 } : {}),
    };
    const { weights } = await trainLstm({ train, validation: seen(validation), hyper });
    runs.push(scoreLstm(weights, seen(test)));
  }
  const name = `GRU on ${input}, ${share === 1 ? 'all' : `the latest ${share * 100} %`}`;
  line(
    name,
    runs.map((scores) => metricsOf(scores, test)),
  );
  if (share !== 1) continue;
  const together = scoresMean(runs);
  line(`  its ${seeds.length} seeds averaged`, [metricsOf(together, test)]);
  const above = aucAdvantage({ candidate: together, baseline: baseline.boosting }, test, { replicates: 200 });
  const spans = above.map(({ interval }) =>
    interval === null ? '–' : `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`,
  );
  console.log(`  above boosting, 95 % of samples: ${spans.join(', ')}`);
}
