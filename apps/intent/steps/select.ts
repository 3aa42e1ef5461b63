import { join } from 'node:path';
import type { Dataset } from 'smallboat/features';
import { TOKENS } from 'smallboat/features';
import { step } from 'smallboat/flow';
import { makeReference, writeReference } from 'smallboat/monitoring';
import type { GateResult } from 'smallboat/tracking';
import { contenders, gate, learningCurveComponents, localRegistry, localTracker, promote } from 'smallboat/tracking';
import type { BaselineName, DecisionMetrics, LstmTrial } from 'smallboat/training';
import { BASELINES, metricsOf, scoreLstm, weightedMicroF1, writeModel } from 'smallboat/training';
import { codeHash } from './code-hash.ts';
import type { Snapshot } from './ingest.ts';
import { judgement } from './judgement.ts';
import { registerOnce } from './register-once.ts';
import type { Trained } from './train.ts';

/** Name of the model in the registry and of its endpoint. */
export const MODEL = 'intent';

/** The model that the run goes on with. */
export interface Chosen {
  /** The model folder; in the registry if it is registered. */
  readonly folder: string;
  /** Its version in the registry; null if the gate refused it. */
  readonly version: number | null;
  readonly passed: boolean;
  /** What the gate said. */
  readonly reason: string;
  readonly metrics: readonly DecisionMetrics[];
}

export interface SelectInputs {
  readonly trials: readonly Trained[];
  readonly baseline: Readonly<Record<BaselineName, Float64Array>>;
  readonly examples: Dataset;
  readonly snapshot: Snapshot;
  readonly home: string;
}

/** The trial with the lowest validation loss, judged on the test part; registered only if it beats every baseline. */
export const select = step('select', {
  run: async ({ trials, baseline, examples, snapshot, home }: SelectInputs, { card, log, runId }) => {
    const best = trials.toSorted((a, b) => bestLoss(a.trial) - bestLoss(b.trial))[0];
    if (best === undefined) throw new RangeError('The grid has no point.');
    const { test } = examples;
    const scores = scoreLstm(best.trial.weights, test);
    const metrics = metricsOf(scores, test);
    const { labels, decision } = test;
    const candidate = { name: best.name, scores };
    const others = BASELINES.map((name) => ({ name, scores: baseline[name] }));
    const verdict = judge(contenders({ candidate, baselines: others, labels, decision }));
    log(verdict.reason);

    const folder = join(home, 'candidates', runId);
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
      metrics: { test: metrics, gate: gateSaid },
      lineage,
    });
    const model = { name: MODEL, version: manifest.version };
    await writeReference(join(folder, 'reference.json'), makeReference({ examples: test, scores, model, lineage }));

    const tracker = localTracker({ folder: join(home, 'tracking') });
    const curves = await learningCurveComponents(
      tracker,
      trials.map(({ trackedRun, name }) => ({ id: trackedRun, name })),
      { title: 'Validation loss', metrics: ['validationLoss'], yLabel: 'nats an example' },
    );
    card(...curves, ...judgement({ candidate, others, examples: test, snapshot, weighted: weightedMicroF1 }), {
      kind: 'callout',
      tone: verdict.passed ? 'good' : 'warn',
      text: verdict.reason,
    });
    const kept = { metrics, ...gateSaid };
    if (!verdict.passed) return { chosen: { folder, version: null, ...kept } satisfies Chosen };
    const registry = localRegistry({ folder: join(home, 'models') });
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
    return { chosen: { folder: registered.folder, version: registered.version, ...kept } satisfies Chosen };
  },
});

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
