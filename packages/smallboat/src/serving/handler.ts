import { sessionEncoder } from '../features/index.ts';
import { SmallboatError } from '../kernel/index.ts';
import type { EndpointRequest, EndpointResponse } from './exchange.ts';
import { isRecord } from './instances.ts';
import type { Limits } from './limits.ts';
import type { PredictionSink, Predictor } from './predictor.ts';
import { refusalBody, refusalStatus, requestErrors, shown } from './refusals.ts';
import { type Instance, LONGEST } from './instances.ts';
import { TextAnswer, readJson, readSessions, writePredictions } from './request-formats.ts';

export interface HandlerOptions {
  readonly model: Predictor;
  /** Name of the endpoint, in every answer and in the log. */
  readonly endpoint: string;
  readonly limits: Limits;
  readonly log?: PredictionSink;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds of a clock that never jumps, for the `time` of an answer. */
  readonly timer: () => number;
  /** Ids of predictions and of internal errors; unique. */
  readonly newId: () => string;
  /** Told of every fault of ours; the client is told its id only. */
  readonly onError: (error: unknown, id: string) => void;
}

/** A request in, an answer out: no I/O, nothing thrown. */
export type Handler = (request: EndpointRequest) => EndpointResponse;

type Route = (request: EndpointRequest, query: URLSearchParams) => unknown;

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' };
/** Any page may ask for predictions, as in the original project. */
const OPEN = { ...JSON_TYPE, 'access-control-allow-origin': '*' };

/**
 * The endpoint: `GET /predict?session=view,detail,add`, `POST /invocations`, `POST /feedback`, `GET /ping`, `GET /`. What a client does wrong is
 * answered with 4xx, a code and a reason that names the value and the way out; a fault of ours with 500 and an id.
 */
export function makeHandler(options: HandlerOptions): Handler {
  const routes = routesOf(options);
  const paths = Object.keys(routes);
  return (request) => {
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    const headers = isGet ? OPEN : JSON_TYPE;
    try {
      const { url } = request;
      const { urlLength, bodyBytes } = options.limits;
      if (url.length > urlLength) throw requestErrors.URL_TOO_LONG({ length: url.length, limit: urlLength });
      const mark = url.indexOf('?');
      const path = mark === -1 ? url : url.slice(0, mark);
      const methods = Object.hasOwn(routes, path) ? routes[path] : undefined;
      if (methods === undefined) {
        throw requestErrors.PATH_UNKNOWN({ path: shown(path), known: paths.join(', ') });
      }
      const route = methods[request.method === 'HEAD' ? 'GET' : request.method];
      if (route === undefined) return refuseMethod(request.method, path, Object.keys(methods));
      if (request.body.length > bodyBytes) throw requestErrors.BODY_TOO_LARGE({ limit: bodyBytes });
      const answer = route(request, new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1)));
      if (answer instanceof TextAnswer) {
        return { status: 200, headers: { ...headers, 'content-type': answer.contentType }, body: answer.text };
      }
      return { status: 200, headers, body: JSON.stringify(answer) };
    } catch (error) {
      const status = refusalStatus(error);
      if (status !== undefined && error instanceof SmallboatError) return { status, headers, body: refusalBody(error) };
      const id = options.newId();
      options.onError(error, id);
      return { status: 500, headers, body: internalError(id) };
    }
  };
}

/** Methods that a path takes; only those of the table are ever looked up. */
type Methods = Readonly<Partial<Record<string, Route>>>;

function routesOf(options: HandlerOptions): Readonly<Record<string, Methods>> {
  const { model, endpoint, limits, log, timer } = options;
  const predict = predictorOf(options);
  return {
    '/': table({
      GET: () => ({
        endpoint,
        model: model.version,
        routes: {
          'GET /predict?session=view,detail,add':
            'will this shopper buy? actions in order: add, remove, purchase, detail, view',
          'POST /invocations':
            'the same for many: {"instances":[["view","detail","add"]]} gives {"predictions":[[p]]}; an event may say more: {"action":"add","at":1477029499943,"url":"…","product":"…"}',
          'POST /feedback': 'what came of a prediction: {"feedback":[{"id":"…","label":1}]}',
          'GET /ping': 'is the endpoint up?',
        },
      }),
    }),
    '/ping': table({ GET: () => ({ status: 'ok', endpoint, model: model.version, log: log?.stats }) }),
    '/predict': table({
      GET(_, query) {
        const start = timer();
        const [given, ...more] = query.getAll('session');
        if (given === undefined) throw requestErrors.QUERY_INVALID({ problem: 'The query has no session' });
        if (more.length > 0)
          throw requestErrors.QUERY_INVALID({ problem: `The query has ${more.length + 1} sessions` });
        const actions = given.trim() === '' ? [] : given.split(',').map((action) => action.trim());
        const events = actions.map((action) => ({ action }));
        const session = query.get('sessionId') ?? '';
        if (session.length > LONGEST)
          throw requestErrors.QUERY_INVALID({ problem: `Its sessionId has more than ${LONGEST} characters` });
        const [answer] = predict([{ events, place: 'The session', ...(session === '' ? {} : { session }) }]);
        return {
          prediction: answer?.prediction,
          time: (timer() - start) / 1000,
          endpoint,
          id: answer?.id,
          model: model.version,
        };
      },
    }),
    '/invocations': table({
      POST(request) {
        const instances = readSessions(request, limits.instances);
        const answers = predict(instances.map((instance, i) => ({ ...instance, place: `Instance ${i + 1}` })));
        return writePredictions(
          request,
          answers.map(({ prediction }) => prediction),
          { ids: answers.map(({ id }) => id), model: model.version },
        );
      },
    }),
    '/feedback': table({
      POST(request) {
        if (log === undefined) throw requestErrors.FEEDBACK_NOT_KEPT({ endpoint });
        const list = readFeedback(readJson(request), limits.instances);
        for (const { id, label } of list) log.feedback({ id, label, at: options.clock() });
        return { accepted: list.length };
      },
    }),
  };
}

function table(methods: Record<string, Route>): Methods {
  // Without a prototype, a method named `constructor` finds nothing.
  return Object.assign(Object.create(null) as Record<string, Route>, methods);
}

interface Asked extends Instance {
  /** Names the session in a refusal. */
  readonly place: string;
}

/** Checks, encodes, predicts and logs. Nothing is logged unless all sessions of a request could be answered. */
function predictorOf(
  options: HandlerOptions,
): (asked: readonly Asked[]) => readonly { id: string; prediction: number }[] {
  const { model, endpoint, limits, log, clock, timer, newId, onError } = options;
  const encoder = model.encoder ?? sessionEncoder(model.rule);
  return (asked) => {
    const began = timer();
    const sessions = asked.map(({ events, place }) => {
      if (events.length === 0) throw requestErrors.SESSION_EMPTY({ place });
      if (events.length > limits.events) {
        throw requestErrors.SESSION_TOO_LONG({ place, events: events.length, limit: limits.events });
      }
      return encoder.encode(events);
    });
    const predictions = Array.from(model.predict(sessions));
    const wrong = predictions.find((p) => !(p >= 0 && p <= 1));
    if (wrong !== undefined || predictions.length !== asked.length) {
      throw new RangeError(
        `Model ${model.version} gave ${predictions.length} predictions for ${asked.length} sessions, among them ${wrong}.`,
      );
    }
    const at = clock();
    // Of the request: its sessions are answered together.
    const latencyMs = timer() - began;
    return predictions.map((prediction, i) => {
      const id = newId();
      const tokens = sessions[i]?.tokens ?? new Uint8Array();
      try {
        const { session } = asked[i] ?? {};
        const made = { id, at, endpoint, modelVersion: model.version, tokens, prediction, latencyMs };
        log?.append(session === undefined ? made : { ...made, session });
      } catch (error) {
        // The shopper's answer does not depend on the log.
        onError(error, id);
      }
      return { id, prediction };
    });
  };
}

function readFeedback(body: unknown, limit: number): readonly { readonly id: string; readonly label: 0 | 1 }[] {
  const invalid = (problem: string): Error =>
    requestErrors.BODY_INVALID({
      problem,
      expected: '{"feedback":[{"id":"…","label":1}]}, with label 1 for a purchase and 0 for none',
    });
  const list = isRecord(body) ? body['feedback'] : undefined;
  if (!Array.isArray(list) || list.length === 0) throw invalid('there is no list named "feedback" with anything in it');
  if (list.length > limit) throw requestErrors.TOO_MANY_INSTANCES({ instances: list.length, limit });
  return list.map((entry: unknown, i) => {
    const { id, label } = isRecord(entry) ? entry : {};
    if (typeof id !== 'string' || id === '' || id.length > 128)
      throw invalid(`entry ${i + 1} has no id of 1 to 128 characters`);
    if (label !== 0 && label !== 1) throw invalid(`the label of entry ${i + 1} is neither 0 nor 1`);
    return { id, label };
  });
}

function refuseMethod(method: string, path: string, methods: readonly string[]): EndpointResponse {
  const allowed = [...methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])), 'OPTIONS'];
  const allow = allowed.join(', ');
  if (method === 'OPTIONS') {
    const open = methods.includes('GET')
      ? { 'access-control-allow-origin': '*', 'access-control-allow-methods': allow }
      : {};
    return { status: 204, headers: { allow, ...open }, body: '' };
  }
  const body = refusalBody(requestErrors.METHOD_NOT_ALLOWED({ method: shown(method), path, allow }));
  return { status: 405, headers: { ...JSON_TYPE, allow }, body };
}

function internalError(id: string): string {
  return JSON.stringify({ error: 'INTERNAL', reason: `The endpoint failed. Its log has the cause under this id.`, id });
}
