import { SmallboatError, messageOf } from '../kernel/index.ts';
import { apiPage } from './api-page.ts';
import type { CanaryRule } from './canary.ts';
import type { Cors } from './cors.ts';
import { corsHeaders } from './cors.ts';
import type { EndpointRequest, EndpointResponse } from './exchange.ts';
import type { ApiKeys, Scope } from './keys.ts';
import { keyOf } from './keys.ts';
import type { Limits } from './limits.ts';
import type { Gauges } from './metrics.ts';
import { METRICS_TYPE, endpointMetrics } from './metrics.ts';
import type { ModelSlot, ModelSlotOptions, ModelState } from './model-slot.ts';
import { modelSlot } from './model-slot.ts';
import { openApi } from './openapi.ts';
import type { Predictor } from './predictor.ts';
import { refusalBody, refusalStatus, requestErrors } from './refusals.ts';
import { readJson } from './request-formats.ts';

/** A request with all its headers, their names in lower case. */
export interface ServiceRequest extends EndpointRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** When its head came, by the `timer`. Default: now. */
  readonly receivedAt?: number;
  /** Too many others are being read: its body was not. */
  readonly isCrowdedOut?: boolean;
}

/** One answered request, for an access log. */
export interface AccessEntry {
  readonly id: string;
  readonly method: string;
  /** The path, without the query: a shopper's session is nobody's business. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly model: string;
}

/** Watches requests, one after the other: an answer's prediction is made before the next request is begun. */
export interface RequestObserver {
  begin(request: ServiceRequest): RequestWatch;
}

/** Watches one request. Times are of the `timer`, in milliseconds. */
export interface RequestWatch {
  predicted(made: {
    readonly model: string;
    readonly sessions: number;
    readonly startedAt: number;
    readonly endedAt: number;
  }): void;
  ended(entry: Omit<AccessEntry, 'milliseconds'> & { readonly startedAt: number; readonly endedAt: number }): void;
}

export interface ServiceOptions extends Omit<ModelSlotOptions, 'metrics' | 'onEnd' | 'onPredict'> {
  readonly limits: Limits;
  /** Without keys everything is open but `/admin/model`, which is not there. */
  readonly keys?: ApiKeys;
  readonly cors?: Cors;
  /** How far the endpoint is behind, in milliseconds. Default: never. */
  readonly behindMs?: () => number;
  /** What the shell knows for the metrics. */
  readonly gauges?: () => Pick<Gauges, 'connections' | 'residentBytes' | 'cpuSeconds' | 'startedAt'>;
  readonly onRequest?: (entry: AccessEntry) => void;
  /** Loads the model that `POST /admin/model` names. Without it the model cannot be changed over HTTP. */
  readonly loadModel?: (folder: string) => Promise<Predictor>;
  readonly onModelChange?: ModelSlotOptions['onEnd'];
  /** Watches requests. Without one nothing is measured for it. */
  readonly observer?: RequestObserver;
  /** Answers predictions in place of the model: one that is asked over the network. */
  readonly remote?: (request: EndpointRequest) => Promise<EndpointResponse>;
  /** Further things to GET: JSON by path. */
  readonly pages?: Readonly<Record<string, unknown>>;
}

/**
 * The endpoint whole, whatever carries it: HTTP, SageMaker's container, Lambda. Around the handler of predictions it gives ids to requests, asks for
 * keys, says which pages may read, refuses when it is behind, counts, documents itself, and changes its model without a request lost.
 */
export interface Service {
  answer(request: ServiceRequest): EndpointResponse | Promise<EndpointResponse>;
  /** The model in use, those before it, a trial. */
  readonly models: ModelSlot;
}

const SCOPE_OF: Readonly<Record<string, Scope>> = {
  '/predict': 'predict',
  '/invocations': 'predict',
  '/feedback': 'feedback',
  '/metrics': 'metrics',
  '/admin/model': 'admin',
};
const KNOWN_ROUTES = new Set([...Object.keys(SCOPE_OF), '/', '/ping', '/openapi.json', '/docs']);
const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']);
const ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes';
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' };

export function makeService(options: ServiceOptions): Service {
  const { limits, keys, cors, endpoint, clock, timer, newId, log, loadModel } = options;
  const metrics = endpointMetrics();
  const { observer } = options;
  /** What watches the request that is being answered at this moment. */
  let watching: RequestWatch | undefined;
  const models = modelSlot({
    ...options,
    metrics,
    ...(observer === undefined ? {} : { onPredict: (made) => watching?.predicted(made) }),
    ...(options.onModelChange === undefined ? {} : { onEnd: options.onModelChange }),
  });
  const behindMs = options.behindMs ?? (() => 0);
  const started = clock() / 1000;
  const own = { connections: 0, residentBytes: 0, cpuSeconds: 0, startedAt: started };

  const ownPages: Readonly<Record<string, () => EndpointResponse>> = {
    '/openapi.json': () => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(document()) }),
    '/docs': () => {
      const { html, policy } = apiPage(document());
      const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy };
      return { status: 200, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body: html };
    },
    '/metrics': () => {
      const { state } = models;
      const versions = [state.model, ...(state.canary === undefined ? [] : [state.canary.model])];
      const gauges = {
        ...own,
        ...options.gauges?.(),
        endpoint,
        models: versions,
        behindMs: behindMs(),
        log: log?.stats,
      };
      return { status: 200, headers: { 'content-type': METRICS_TYPE }, body: metrics.text(gauges) };
    },
  };
  const pages = Object.entries(options.pages ?? {}).map(([path, value]): [string, () => EndpointResponse] => [
    path,
    () => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(value) }),
  ]);
  const documents = new Map([...Object.entries(ownPages), ...pages]);
  const document = (): ReturnType<typeof openApi> => openApi({ endpoint, limits, hasKeys: keys !== undefined });

  const respond = (request: ServiceRequest, path: string): EndpointResponse | Promise<EndpointResponse> => {
    const isQuestion = request.method === 'OPTIONS';
    const scope = isQuestion ? undefined : SCOPE_OF[path];
    if (scope !== undefined && keys !== undefined) checkKey(keys, request, scope, clock());
    if (scope === 'predict') {
      const behind = Math.round(behindMs());
      if (behind > limits.behindMs || request.isCrowdedOut === true)
        throw requestErrors.OVERLOADED({ behindMs: behind, limitMs: limits.behindMs });
    }
    if (path === '/admin/model' && keys !== undefined && loadModel !== undefined) {
      return changeModel(request, models, loadModel);
    }
    const page = request.method === 'GET' || request.method === 'HEAD' ? documents.get(path) : undefined;
    if (page !== undefined) return page();
    return options.remote === undefined ? models.answer(request) : options.remote(request);
  };

  return {
    models,
    answer(request) {
      const start = request.receivedAt ?? timer();
      const watch = observer?.begin(request);
      // SageMaker hands no header on but its own, in both directions.
      const attributes = request.headers[ATTRIBUTES];
      const id = requestId(request.headers['x-request-id'] ?? attributes) ?? newId();
      const mark = request.url.indexOf('?');
      const path = mark === -1 ? request.url : request.url.slice(0, mark);
      const finish = (response: EndpointResponse): EndpointResponse => {
        const { status } = response;
        const end = timer();
        const milliseconds = end - start;
        const route = KNOWN_ROUTES.has(path) ? path : 'other';
        const method = KNOWN_METHODS.has(request.method) ? request.method : 'other';
        metrics.answered({ route, method, status, seconds: milliseconds / 1000 });
        options.onRequest?.({ id, method, path: route, status, milliseconds, model: models.state.model });
        watch?.ended({ id, method, path: route, status, model: models.state.model, startedAt: start, endedAt: end });
        const retry = status === 503 ? { 'retry-after': '1' } : {};
        const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
        const echo = attributes === undefined ? {} : { [ATTRIBUTES]: id };
        const headers = { ...opened(response, request, cors), ...retry, ...challenge, ...echo, 'x-request-id': id };
        return { ...response, headers };
      };
      const fail = (error: unknown): EndpointResponse => {
        const status = refusalStatus(error);
        if (status !== undefined && error instanceof SmallboatError) {
          return { status, headers: JSON_TYPE, body: refusalBody(error) };
        }
        options.onError(error, id);
        const body = { error: 'INTERNAL', reason: 'The endpoint failed. Its log has the cause under this id.', id };
        return { status: 500, headers: JSON_TYPE, body: JSON.stringify(body) };
      };
      watching = watch;
      try {
        const response = respond(request, path);
        return response instanceof Promise ? response.catch(fail).then(finish) : finish(response);
      } catch (error) {
        return finish(fail(error));
      }
    },
  };
}

/** An id that the client gave, if it is one that can stand in a log and a header. */
function requestId(given: string | undefined): string | undefined {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}

function checkKey(keys: ApiKeys, { headers }: ServiceRequest, scope: Scope, at: number): void {
  const refusal = keys.refusal(keyOf(headers), scope, at);
  if (refusal === undefined) return;
  if (refusal.kind === 'missing') throw requestErrors.KEY_MISSING({ scope });
  if (refusal.kind === 'scope') throw requestErrors.KEY_SCOPE_MISSING({ name: refusal.name, scope });
  throw requestErrors.KEY_UNKNOWN({ scope });
}

/** The headers of an answer with those of CORS: by the configuration where there is one, else as the handler gave them. */
function opened(
  { headers, status }: EndpointResponse,
  request: ServiceRequest,
  cors: Cors | undefined,
): Readonly<Record<string, string>> {
  if (cors === undefined) return headers;
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-')));
  const methods = request.method === 'OPTIONS' && status === 204 ? (kept['allow'] ?? 'GET, POST') : undefined;
  return { ...kept, ...corsHeaders(cors, request.headers['origin'], methods) };
}

/** `GET` what is in use, `POST` a folder to change to, at once or by a trial, or to go back. */
async function changeModel(
  request: ServiceRequest,
  models: ModelSlot,
  loadModel: (folder: string) => Promise<Predictor>,
): Promise<EndpointResponse> {
  const answer = (state: ModelState): EndpointResponse => ({
    status: 200,
    headers: JSON_TYPE,
    body: JSON.stringify(state),
  });
  if (request.method === 'GET' || request.method === 'HEAD') return answer(models.state);
  if (request.method !== 'POST') {
    throw requestErrors.METHOD_NOT_ALLOWED({ method: request.method, path: '/admin/model', allow: 'GET, HEAD, POST' });
  }
  const order = readOrder(readJson(request));
  if (order.kind === 'rollback') return answer(models.rollback());
  const predictor = await loadModel(order.folder).catch((cause: unknown) => {
    const problem = messageOf(cause);
    throw requestErrors.MODEL_CHANGE_REFUSED({ problem }, { cause });
  });
  return answer(order.canary === undefined ? models.swap(predictor) : models.tryOut(predictor, order.canary));
}

type Order =
  | { readonly kind: 'rollback' }
  | { readonly kind: 'load'; readonly folder: string; readonly canary?: Partial<CanaryRule> };

function readOrder(body: unknown): Order {
  const { folder, rollback, canary } = { ...(body as Readonly<Record<string, unknown>> | null) };
  if (rollback === true) return { kind: 'rollback' };
  const isRule =
    canary === undefined ||
    (typeof canary === 'object' &&
      canary !== null &&
      Object.values(canary).every((v) => typeof v === 'number' && v >= 0));
  if (typeof folder !== 'string' || folder === '' || !isRule) {
    throw requestErrors.BODY_INVALID({
      problem: 'it names no folder, or its canary has something that is no number',
      expected: '{"folder":"/models/7"}, {"folder":"/models/7","canary":{"share":0.1}} or {"rollback":true}',
    });
  }
  return { kind: 'load', folder, ...(canary === undefined ? {} : { canary }) };
}
