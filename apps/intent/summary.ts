import type { FlowRun } from 'smallboat/flow';
import { textTable } from 'smallboat/report';
import type { DecisionMetrics } from 'smallboat/training';
import { BASELINES, metricsOf } from 'smallboat/training';
import { baselines } from './steps/baselines.ts';
import { dataset } from './steps/dataset.ts';
import { deploy } from './steps/deploy.ts';
import { ingest } from './steps/ingest.ts';
import { monitor } from './steps/monitor.ts';
import { select } from './steps/select.ts';
import { transform } from './steps/transform.ts';
import { validate } from './steps/validate.ts';

/** What `npm start` says at the end: for people as lines, for programs as facts. */
export interface Summary {
  readonly lines: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}

const number = (n: number): string => n.toLocaleString('en');
const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3);

/** Reads a finished run back from its artifacts. @param card Path of the run's card: the last line. */
export async function summaryOf(
  run: FlowRun<unknown>,
  { card, seconds }: { readonly card: string; readonly seconds: number },
): Promise<Summary> {
  const [[loaded], [built], [checked], [data], [base], [picked], [up], [live]] = await Promise.all([
    run.read(ingest),
    run.read(transform),
    run.read(validate),
    run.read(dataset),
    run.read(baselines),
    run.read(select),
    run.read(deploy),
    run.read(monitor),
  ]);
  if (!loaded || !built || !checked || !data || !base || !picked || !up || !live)
    throw new Error(`Run ${run.run} has no result.`);
  const { chosen } = picked;
  const { snapshot } = loaded;
  const { test } = data.examples;
  const judged: readonly (readonly [string, readonly DecisionMetrics[]])[] = [
    ['LSTM', chosen.metrics],
    ...BASELINES.map((name) => [name, metricsOf(base.scores[name], test)] as const),
  ];
  const points = chosen.metrics.map(({ decision }) => decision);
  const bestRow =
    snapshot.best === null
      ? []
      : [['best possible', ...points.map((p) => figure(snapshot.best?.find((b) => b.events === p)?.auc))]];
  const all = (metrics: readonly DecisionMetrics[]): DecisionMetrics | undefined =>
    metrics.find(({ decision }) => decision === 'all');
  const { train, validation, test: testPart } = data.statistics;
  const carts = train.sessions + validation.sessions + testPart.sessions;
  const { served } = up;
  const lines = [
    '',
    ...textTable(
      ['What', 'Result'],
      [
        ['Browsing rows', `${number(snapshot.rows)} from ${snapshot.source}`],
        ['Models and tests', `${built.models} models, ${built.testsPassed} of ${built.tests} tests passed`],
        ['Expectations', `${checked.expectations} hold: ${checked.dataDocs}`],
        [
          'Cart sessions',
          `${number(carts)}; ${number(train.examples)} examples to train on, ${number(testPart.examples)} to test on, ${(testPart.positiveRate * 100).toFixed(1)} % of those buy`,
        ],
        ['Model', chosen.version === null ? 'not registered' : `intent version ${chosen.version}, champion`],
        ['Gate', chosen.reason],
        [
          'Endpoint',
          `${number(served.asked)} predictions over HTTP, median ${served.p50} ms; ${served.session} → ${served.prediction.toFixed(3)}`,
        ],
        ['Monitoring', `${live.sentence} ${live.page}`],
      ],
    ),
    '',
    'ROC-AUC on the test part, by events after the first add',
    ...textTable(
      ['', ...points.map((p) => (p === 'all' ? 'all' : `+${p}`)), 'log loss', 'calibration'],
      [
        ...judged.map(([name, metrics]) => [
          name,
          ...metrics.map((m) => figure(m.auc)),
          figure(all(metrics)?.logLoss),
          figure(all(metrics)?.calibrationError),
        ]),
        ...bestRow,
      ],
    ),
    '',
    `Done in ${seconds.toFixed(1)} s. Next: npm run serve, npm run demo:traffic, npx smallboat runs.`,
    `Card of the run: ${card}`,
  ];
  const facts = {
    run: run.run,
    seconds,
    rows: snapshot.rows,
    source: snapshot.source,
    dataHash: data.dataHash,
    tests: built.tests,
    expectations: checked.expectations,
    cartSessions: carts,
    metrics: Object.fromEntries(judged.map(([name, metrics]) => [name, metrics.map(({ bins: _, ...m }) => m)])),
    bestPossible: snapshot.best,
    model: { version: chosen.version, folder: chosen.folder, registered: chosen.passed, reason: chosen.reason },
    endpoint: served,
    monitoring: live,
    card,
  };
  return { lines, facts };
}
