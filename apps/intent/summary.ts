import { relative } from 'node:path';
import type { FlowRun } from 'smallboat/flow';
import { textTable } from 'smallboat/report';
import type { DecisionMetrics } from 'smallboat/training';
import { BASELINES, metricsOf } from 'smallboat/training';
import { baselines } from './steps/baselines.ts';
import { dataset } from './steps/dataset.ts';
import { deploy } from './steps/deploy.ts';
import type { Snapshot } from './steps/ingest.ts';
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

export interface SummaryOptions {
  /** Path of the run's card: the last line. */
  readonly card: string;
  readonly seconds: number;
  /** Folder that paths are shown from. */
  readonly here: string;
  /** Characters a line may have. */
  readonly columns: number;
}

const number = (n: number): string => n.toLocaleString('en');
const figure = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : value.toFixed(3);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Reads a finished run back from its artifacts. */
export async function summaryOf(run: FlowRun<unknown>, options: SummaryOptions): Promise<Summary> {
  const made = await artifactsOf(run);
  const { chosen } = made.select;
  const { snapshot } = made.ingest;
  const { served } = made.deploy;
  const { train, validation, test } = made.dataset.statistics;
  const carts = train.sessions + validation.sessions + test.sessions;
  const judged: readonly (readonly [string, readonly DecisionMetrics[]])[] = [
    [chosen.name, chosen.metrics],
    ...chosen.rest.map(({ name, metrics }) => [name, metrics] as const),
    ...BASELINES.map((name) => [name, metricsOf(made.baselines.scores[name], made.dataset.examples.test)] as const),
  ];
  const path = (to: string): string => (relative(options.here, to).startsWith('..') ? to : relative(options.here, to));
  const lines = [
    '',
    ...aligned(options.columns, [
      ['data', `${number(snapshot.rows)} browsing rows ${sourceOf(snapshot, path)}`],
      [
        'models',
        `${made.transform.models} built, ${made.transform.testsPassed} of ${made.transform.tests} tests passed`,
      ],
      ['checks', `${made.validate.expectations} expectations hold, see ${path(made.validate.dataDocs)}`],
      [
        'dataset',
        `${number(carts)} cart sessions; ${number(train.examples)} examples to train on, ${number(test.examples)} to test on, of which ${percent(test.positiveRate)} buy`,
      ],
      ['gate', chosen.reason],
      [
        'model',
        chosen.version === null
          ? `not registered; the champion, if there is one, stays. To serve it all the same: npm run serve -- --folder ${path(chosen.folder)}`
          : `intent version ${chosen.version}, now the champion`,
      ],
      [
        'endpoint',
        `${number(served.asked)} predictions over HTTP, all equal to the model's; median ${served.p50} ms, p99 ${served.p99} ms`,
      ],
      ...(served.deployed === null
        ? []
        : [['deployed', `${served.deployed.name}, ${served.deployed.location}`] as const]),
      ['monitor', `${made.monitor.sentence} See ${path(made.monitor.page)}`],
    ]),
    '',
    'ROC-AUC on the test part, by events after the first add',
    ...scoreTable(judged, snapshot.best),
    '',
    `Done in ${options.seconds.toFixed(1)} s. Next: ${chosen.version === null ? '' : 'npm run serve, npm run demo:traffic, '}npx smallboat --help`,
    `Card of the run: ${options.card}`,
  ];
  const facts = {
    run: run.run,
    seconds: options.seconds,
    rows: snapshot.rows,
    source: snapshot.source,
    dataHash: made.dataset.dataHash,
    tests: made.transform.tests,
    expectations: made.validate.expectations,
    cartSessions: carts,
    metrics: Object.fromEntries(
      judged.map(([name, metrics]) => [name, metrics.map((m) => ({ ...m, bins: undefined }))]),
    ),
    bestPossible: snapshot.best,
    model: { version: chosen.version, folder: chosen.folder, registered: chosen.passed, reason: chosen.reason },
    endpoint: served,
    monitoring: made.monitor,
    card: options.card,
  };
  return { lines, facts };
}

/** Rows are only ever added: files that were loaded before are part of the data. */
function sourceOf({ source, files }: Snapshot, path: (to: string) => string): string {
  return files === 1 ? `from ${path(source)}` : `of ${files} files, the latest from ${path(source)}`;
}

function scoreTable(
  judged: readonly (readonly [string, readonly DecisionMetrics[]])[],
  best: readonly { readonly events: number; readonly auc: number }[] | null,
): readonly string[] {
  const points = (judged[0]?.[1] ?? []).map(({ decision }) => decision);
  const rows = judged.map(([name, metrics]) => {
    const all = metrics.find(({ decision }) => decision === 'all');
    return [name, ...metrics.map((m) => figure(m.auc)), figure(all?.logLoss), figure(all?.calibrationError)];
  });
  const bound =
    best === null
      ? []
      : [['best possible, expected', ...points.map((p) => figure(best.find((b) => b.events === p)?.auc))]];
  const columns = ['', ...points.map((p) => (p === 'all' ? 'all' : `+${p}`)), 'log loss', 'calibration error'];
  return textTable(columns, [...rows, ...bound]);
}

/** Labels in a column, texts beside them, broken at words to fit. */
function aligned(columns: number, rows: readonly (readonly [label: string, text: string])[]): readonly string[] {
  const left = Math.max(...rows.map(([label]) => label.length)) + 2;
  const width = Math.max(40, columns - left);
  return rows.flatMap(([label, text]) => {
    const lines: string[] = [];
    for (const word of text.split(' ')) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines.map((line, i) => (i === 0 ? label.padEnd(left) : ' '.repeat(left)) + line);
  });
}

async function artifactsOf(run: FlowRun<unknown>) {
  const one = async <O extends object>(step: Parameters<typeof run.read<O>>[0]): Promise<O> => {
    const [made] = await run.read(step);
    if (made === undefined) throw new Error(`Step ${step.stepName} of run ${run.run} has no result.`);
    return made;
  };
  return {
    ingest: await one(ingest),
    transform: await one(transform),
    validate: await one(validate),
    dataset: await one(dataset),
    baselines: await one(baselines),
    select: await one(select),
    deploy: await one(deploy),
    monitor: await one(monitor),
  };
}
