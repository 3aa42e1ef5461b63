import { messageOf } from '../kernel/index.ts';
import { sessionEncoder } from '../features/index.ts';
import type { Canary, CanaryRule, Verdict } from './canary.ts';
import { DEFAULT_CANARY, canary } from './canary.ts';
import type { EndpointRequest, EndpointResponse } from './exchange.ts';
import type { Handler, HandlerOptions } from './handler.ts';
import { makeHandler } from './handler.ts';
import type { EndpointMetrics } from './metrics.ts';
import type { Predictor } from './predictor.ts';
import { requestErrors } from './refusals.ts';

/** What answers, what answered before, and what is on trial. */
export interface ModelState {
  readonly model: string;
  /** The version that `rollback` goes back to. */
  readonly previous?: string;
  readonly canary?: {
    readonly model: string;
    readonly share: number;
    readonly answered: number;
    readonly failed: number;
  };
  /** How the last trial ended. */
  readonly lastTrial?: { readonly model: string; readonly end: 'promoted' | 'rolled back'; readonly reason?: string };
}

export interface ModelSlotOptions extends Omit<HandlerOptions, 'onError'> {
  readonly metrics: EndpointMetrics;
  readonly onError: (error: unknown, id: string) => void;
  /** Told of every prediction that a model made; times are of the `timer`. */
  readonly onPredict?: (made: {
    readonly model: string;
    readonly sessions: number;
    readonly startedAt: number;
    readonly endedAt: number;
  }) => void;
  /** Told of every end of a trial. */
  readonly onEnd?: (end: NonNullable<ModelState['lastTrial']>) => void;
}

/** The place of the model behind an endpoint: changed between two requests, so that none meets half of a change. */
export interface ModelSlot {
  answer(request: EndpointRequest): EndpointResponse;
  readonly state: ModelState;
  /** Puts a model in use at once, after one prediction to try it. A trial ends. Throws `MODEL_CHANGE_REFUSED`. */
  swap(model: Predictor): ModelState;
  /** Lets a model answer a share of the requests, until it takes over or is dropped. Throws `MODEL_CHANGE_REFUSED`. */
  tryOut(model: Predictor, rule: Partial<CanaryRule>): ModelState;
  /** Drops the trial, or goes back to the model before. Throws `MODEL_CHANGE_REFUSED`. */
  rollback(): ModelState;
}

/** What answers with one model, and what it has done with the request under way. */
interface Seat {
  readonly model: Predictor;
  readonly handler: Handler;
  readonly seen: { sum: number; count: number };
}

export function modelSlot(options: ModelSlotOptions): ModelSlot {
  const { metrics, timer, onError, onPredict } = options;

  const seatOf = (model: Predictor): Seat => {
    const seen = { sum: 0, count: 0 };
    const counted: Predictor = {
      ...model,
      predict(sequences) {
        const startedAt = onPredict === undefined ? 0 : timer();
        const predictions = model.predict(sequences);
        onPredict?.({ model: model.version, sessions: sequences.length, startedAt, endedAt: timer() });
        for (let i = 0; i < predictions.length; i++) seen.sum += predictions[i] ?? 0;
        seen.count += predictions.length;
        return predictions;
      },
    };
    return { model, seen, handler: makeHandler({ ...options, model: counted, onError }) };
  };

  let current = seatOf(options.model);
  let previous: Seat | undefined;
  let trial: { readonly seat: Seat; readonly canary: Canary; readonly rule: CanaryRule } | undefined;
  let lastTrial: ModelState['lastTrial'];

  /** One request through one model, with what came of it. */
  const through = (seat: Seat, request: EndpointRequest): { response: EndpointResponse; milliseconds: number } => {
    seat.seen.sum = 0;
    seat.seen.count = 0;
    const start = timer();
    const response = seat.handler(request);
    if (response.status === 200 && seat.seen.count > 0) metrics.predicted(seat.model.version, seat.seen.count);
    return { response, milliseconds: timer() - start };
  };

  const endTrial = (verdict: Verdict): void => {
    if (trial === undefined || verdict.kind === 'going') return;
    const { model } = trial.seat;
    if (verdict.kind === 'good') {
      previous = current;
      current = trial.seat;
    }
    lastTrial =
      verdict.kind === 'good'
        ? { model: model.version, end: 'promoted' }
        : { model: model.version, end: 'rolled back', reason: verdict.reason };
    trial = undefined;
    metrics.changed(verdict.kind === 'good' ? 'promotion' : 'rollback');
    options.onEnd?.(lastTrial);
  };

  const answerInTrial = (
    request: EndpointRequest,
    { seat, canary: judge }: NonNullable<typeof trial>,
  ): EndpointResponse => {
    const isNew = judge.takesNext();
    const { response, milliseconds } = through(isNew ? seat : current, request);
    const { sum, count } = (isNew ? seat : current).seen;
    const hasFailed = response.status >= 500;
    // A request that was refused says nothing of the model.
    if (hasFailed || count > 0) {
      judge.note(isNew ? 'new' : 'old', {
        hasFailed,
        milliseconds,
        sum: hasFailed ? 0 : sum,
        count: hasFailed ? 0 : count,
      });
    }
    // The shopper gets an answer, from the model that is known to give one.
    const given = isNew && hasFailed ? through(current, request).response : response;
    endTrial(judge.verdict());
    return given;
  };

  const checked = (model: Predictor): Predictor => {
    let problem: string | undefined;
    try {
      const probe = (model.encoder ?? sessionEncoder(model.rule)).encode([{ action: 'add' }]);
      const [p = Number.NaN, ...more] = Array.from(model.predict([probe]));
      if (!(p >= 0 && p <= 1) || more.length > 0) problem = `model ${model.version} predicts ${p} for one add`;
    } catch (error) {
      problem = `model ${model.version} cannot predict: ${messageOf(error)}`;
    }
    if (problem !== undefined) throw requestErrors.MODEL_CHANGE_REFUSED({ problem });
    return model;
  };

  const slot: ModelSlot = {
    answer: (request) => (trial === undefined ? through(current, request).response : answerInTrial(request, trial)),
    get state() {
      return {
        model: current.model.version,
        ...(previous === undefined ? {} : { previous: previous.model.version }),
        ...(trial === undefined
          ? {}
          : {
              canary: {
                model: trial.seat.model.version,
                share: trial.rule.share,
                answered: trial.canary.answered,
                failed: trial.canary.failed,
              },
            }),
        ...(lastTrial === undefined ? {} : { lastTrial }),
      };
    },
    swap(model) {
      const next = seatOf(checked(model));
      trial = undefined;
      previous = current;
      current = next;
      metrics.changed('swap');
      return slot.state;
    },
    tryOut(model, given) {
      const rule = { ...DEFAULT_CANARY, ...given };
      if (!(rule.share > 0 && rule.share <= 1)) {
        throw requestErrors.MODEL_CHANGE_REFUSED({ problem: `a share of ${rule.share} is not above 0 and at most 1` });
      }
      trial = { seat: seatOf(checked(model)), canary: canary(rule), rule };
      metrics.changed('canary');
      return slot.state;
    },
    rollback() {
      if (trial !== undefined) {
        endTrial({ kind: 'bad', reason: 'it was called off' });
        return slot.state;
      }
      if (previous === undefined)
        throw requestErrors.MODEL_CHANGE_REFUSED({ problem: 'there was no model before this one' });
      [current, previous] = [previous, undefined];
      metrics.changed('rollback');
      return slot.state;
    },
  };
  return slot;
}
