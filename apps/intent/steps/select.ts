import { join } from 'node:path';
import type { Dataset } from 'smallboat/features';
import { TOKENS } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { makeReference, writeReference } from 'smallboat/monitoring';
import type { ReportComponent } from 'smallboat/report';
import { chartSvg } from 'smallboat/report';
import type { GateResult, Tracker } from 'smallboat/tracking';
import { contenders, gate, isRegistryShared, learningCurveComponents, openRegistry, promote } from 'smallboat/tracking';
import type { BaselineName, DecisionMetrics, LeakSuspect, LstmTrial } from 'smallboat/training';
import { BASELINES, metricsOf, scoreLstm, suspectScores, weightedMicroF1, writeModel } from 'smallboat/training';
import { codeHash } from './code-hash.ts';
import type { Leaks } from './dataset.ts';
import type { FolderFiles } from './folder-files.ts';
import { readFolder } from './folder-files.ts';
import { elsewhereErrors, homeOf } from './home.ts';
import type { Snapshot } from './ingest.ts';
import { judgement } from './judgement.ts';
import { registerOnce } from './register-once.ts';
import type { Trained } from './trial.ts';
import { ensureTracked } from './track-trial.ts';
import { trackerOf } from './tracker.ts';
import { seenBy } from './train.ts';

/** Name of the model in the registry and of its endpoint. */
export const MODEL = 'intent';

/** The model that the run goes on with. */
export interface Chosen {
  /** The model folder; in the registry if it is registered. */
  readonly folder: string;
  /** What is in it, for steps on other machines. */
  readonly model: FolderFiles;
  /** Its version in the registry; null if the gate refused it. */
  readonly version: number | null;
  readonly passed: boolean;
  /** What the gate said. */
  readonly reason: string;
  readonly metrics: readonly DecisionMetrics[];
  /** Name of the trial, and those of the others with their metrics on the test part. */
  readonly name: string;
  readonly rest: readonly { readonly name: string; readonly metrics: readonly DecisionMetrics[] }[];
}

export interface SelectInputs {
  readonly trials: readonly Trained[];
  readonly baseline: Readonly<Record<BaselineName, Float64Array>>;
  readonly examples: Dataset;
  /** What the guards of the dataset found. */
  readonly leaks: Leaks;
  readonly snapshot: Snapshot;
  readonly home: string;
}

/** The trial with the lowest validation loss, judged on the test part; registered only if it beats every baseline. */
export const select = step('select', {
  cache: false,
  run: async (
    { trials, baseline, examples, leaks, snapshot, home }: SelectInputs,
    { card, log, runId, tempFolder },
  ) => {
    const here = await homeOf(home, { tempFolder });
    if (here.isPassing && !isRegistryShared(process.env)) throw elsewhereErrors.MODELS_NOT_SHARED(undefined);
    const best = trials.toSorted((a, b) => bestLoss(a.trial) - bestLoss(b.trial))[0];
    if (best === undefined) throw new RangeError('The grid has no point.');
    const { test } = examples;
    const scores = scoreLstm(best.trial.weights, seenBy(best.input, test));
    const metrics = metricsOf(scores, test);
    const { labels, decision } = test;
    const candidate = { name: best.name, scores };
    const rest = trials
      .filter((trial) => trial !== best)
      .map(({ name, input, trial }) => ({ name, scores: scoreLstm(trial.weights, seenBy(input, test)) }));
    const others = BASELINES.map((name) => ({ name, scores: baseline[name] }));
    const compared = judge(contenders({ candidate, baselines: others, labels, decision }));
    const verdict = withoutLeaks(compared, leaks, suspectScores(scores, test));
    log(verdict.reason);

    const folder = join(here.folder, 'candidates', runId);
    const lineage = { run: `intent/${runId}`, dataSnapshot: snapshot.id, codeHash: await codeHash() };
    const { weights, hyper } = best.trial;
    const rule = { protocol: examples.protocol, maxEvents: examples.maxEvents };
    const gateSaid = { passed: verdict.passed, reason: verdict.reason };
    const manifest = await writeModel(folder, {
      name: MODEL,
      weights,
      hyper,
      vocabulary: TOKENS,
      rule,
      ...(best.input === 'context' && examples.features !== undefined ? { features: examples.features } : {}),
      metrics: { test: metrics, gate: gateSaid },
      lineage,
    });
    const model = { name: MODEL, version: manifest.version };
    await writeReference(join(folder, 'reference.json'), makeReference({ examples: test, scores, model, lineage }));

    await ensureTracked(here.folder, trials);
    const tracker = await trackerOf(here, log);
    const judged = judgement({
      candidate,
      rest,
      baselines: others,
      examples: test,
      snapshot,
      weighted: weightedMicroF1,
    });
    await trackEvaluation(tracker, { name: best.name, runId, metrics, judged });
    const curves = await learningCurveComponents(
      tracker,
      trials.map(({ trackedRun, name }) => ({ id: trackedRun, name })),
      { title: 'Validation loss', metrics: ['validationLoss'], yLabel: 'nats an example' },
    );
    card(...curves, ...judged, {
      kind: 'callout',
      tone: verdict.passed ? 'good' : 'warn',
      text: verdict.reason,
    });
    const about = {
      metrics,
      name: best.name,
      rest: rest.map(({ name, scores: own }) => ({ name, metrics: metricsOf(own, test) })),
      ...gateSaid,
      model: await readFolder(folder),
    };
    if (!verdict.passed) {
      const refused: Chosen = { folder: here.pathOf(folder), version: null, ...about };
      return { chosen: refused, kept: await here.kept() };
    }
    const registry = await openRegistry({ folder: join(here.folder, 'models'), env: process.env });
    const { reason } = gateSaid;
    const registered = await registerOnce(registry, {
      name: MODEL,
      modelFolder: folder,
      metrics: summaryOf(metrics),
      trackedRun: best.trackedRun,
      lineage: { flowRun: lineage.run, dataSnapshot: lineage.dataSnapshot, codeHash: lineage.codeHash },
      gate: gateSaid,
      reason,
    });
    await promote(registry, MODEL, registered.version, { by: lineage.run });
    const chosen: Chosen = { folder: here.pathOf(registered.folder), version: registered.version, ...about };
    return { chosen, kept: await here.kept() };
  },
});

/** A model that knows what it should not passes no gate, however well it does. */
function withoutLeaks(verdict: GateResult, leaks: Leaks, suspects: readonly LeakSuspect[]): GateResult {
  // The original project's sequences leak by their nature, and are there to be compared with.
  const [suspect] = suspects;
  const problem = leaks.found
    ? leaks.sentence
    : suspect === undefined
      ? undefined
      : `${suspect.what} is too good to be true ${suspect.decision} events after the first add (ROC-AUC ${suspect.auc.toFixed(3)}).`;
  return problem === undefined ? verdict : { ...verdict, passed: false, reason: `Refused: ${problem}` };
}

/**
 * To pass, the candidate ranks better than every baseline by at least one standard error of the difference (ROC-AUC, mean
 * over the decision points), and its probabilities are not worse than any baseline's by more than chance (log loss, one-sided
 * 95 %): a share of buyers that changes over time moves every log loss.
 */
function judge(of: Pick<Parameters<typeof gate>[0], 'candidate' | 'baselines'>): GateResult {
  const ranking = gate({ ...of, rule: { metrics: ['rocAuc'], standardErrors: 1 } });
  if (!ranking.passed) return ranking;
  const probability = gate({ ...of, rule: { metrics: ['logLoss'], standardErrors: -1.645 } });
  return probability.passed
    ? { ...ranking, comparisons: [...ranking.comparisons, ...probability.comparisons] }
    : probability;
}

interface Evaluated {
  readonly name: string;
  readonly runId: string;
  readonly metrics: readonly DecisionMetrics[];
  readonly judged: readonly ReportComponent[];
}

/** The judgement as a tracked run of its own: figures by decision point, and the plots as SVG. */
async function trackEvaluation(tracker: Tracker, { name, runId, metrics, judged }: Evaluated): Promise<void> {
  await using tracked = await tracker.startRun({
    experiment: 'intent',
    name: `evaluation of ${name}`,
    tags: { run: runId, kind: 'evaluation' },
    lineage: { flowRun: `intent/${runId}` },
  });
  for (const { decision, auc, averagePrecision, logLoss, brier, calibrationError } of metrics) {
    const figures = { auc, averagePrecision, logLoss, brier, calibrationError };
    const known = Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== null);
    const named = known.map(([metric, value]) => [`${metric} ${decision === 'all' ? 'all' : `+${decision}`}`, value]);
    await tracked.logMetrics(Object.fromEntries(named) as Record<string, number>);
  }
  for (const component of judged) {
    if (component.kind !== 'lineChart' && component.kind !== 'barChart') continue;
    const svg = chartSvg(component);
    const file = `${component.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.svg`;
    if (svg !== undefined) await tracked.logArtifact({ name: file, bytes: new TextEncoder().encode(svg) });
  }
  await tracked.finish();
}

function bestLoss({ history, bestEpoch }: LstmTrial): number {
  return history[bestEpoch - 1]?.validationLoss ?? Number.POSITIVE_INFINITY;
}

function summaryOf(metrics: readonly DecisionMetrics[]): Record<string, number> {
  const all = metrics.find(({ decision }) => decision === 'all');
  if (all === undefined) return {};
  const { auc, averagePrecision, logLoss, brier } = all;
  const figures = { rocAuc: auc, averagePrecision, logLoss, brier };
  return Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== null));
}
