import { type Attributes, type Telemetry, readTraceParent } from '../telemetry/index.ts';
import type { RequestObserver } from './service.ts';

/** Seconds. Those of OpenTelemetry's conventions, and finer ones below: a prediction takes less than a millisecond. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Between the timer of requests and 1970, in milliseconds. */
const ORIGIN = performance.timeOrigin;

/**
 * Each request as a span below the one that its `traceparent` names, with the prediction in it, and as metrics, all by the names of OpenTelemetry's
 * conventions for HTTP. What shoppers did is in none of it.
 */
export function requestTelemetry(telemetry: Telemetry, endpoint: string): RequestObserver {
  const seconds = telemetry.meter.histogram('http.server.request.duration', {
    unit: 's',
    about: 'Duration of requests',
    bounds: BOUNDS,
  });
  const predictions = telemetry.meter.counter('smallboat.predictions', {
    unit: '{session}',
    about: 'Sessions that were scored',
  });
  const attributesOf = attributesByAnswer();
  const byModel = new Map<string, Attributes>();
  return {
    begin({ headers }) {
      const parent = readTraceParent(headers['traceparent'] ?? attributed(headers), headers['tracestate']);
      const context = telemetry.begin(parent);
      return {
        predicted({ model, sessions, startedAt, endedAt }) {
          let about = byModel.get(model);
          if (!about) byModel.set(model, (about = { 'smallboat.endpoint': endpoint, 'smallboat.model': model }));
          predictions.add(sessions, about);
          if (!context.isSampled) return;
          telemetry.span(telemetry.begin(context), {
            parentSpanId: context.spanId,
            name: 'predict',
            kind: 'internal',
            startedAt: ORIGIN + startedAt,
            endedAt: ORIGIN + endedAt,
            attributes: { 'smallboat.model': model, 'smallboat.sessions': sessions },
          });
        },
        ended({ id, method, path, status, model, startedAt, endedAt }) {
          const attributes = attributesOf(method, path, status);
          seconds.record((endedAt - startedAt) / 1000, attributes);
          if (!context.isSampled) return;
          telemetry.span(context, {
            ...(parent ? { parentSpanId: parent.spanId } : {}),
            name: `${method === 'other' ? 'HTTP' : method} ${path}`,
            kind: 'server',
            startedAt: ORIGIN + startedAt,
            endedAt: ORIGIN + endedAt,
            attributes: {
              ...attributes,
              'url.path': path,
              'smallboat.endpoint': endpoint,
              'smallboat.model': model,
              'smallboat.request': id,
            },
            ...(status >= 500 ? { failure: `answered ${status}` } : {}),
          });
        },
      };
    },
  };
}

/** SageMaker hands no headers on but this one: `traceparent=00-…` is among its attributes. */
function attributed(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  return /(?:^|[,;\s])traceparent=([\da-f-]+)/.exec(headers['x-amzn-sagemaker-custom-attributes'] ?? '')?.[1];
}

/** The attributes of an answer by the names of OpenTelemetry's conventions: the same object for the same answer. */
function attributesByAnswer(): (method: string, route: string, status: number) => Attributes {
  const known = new Map<string, Map<string, Map<number, Attributes>>>();
  return (method, route, status) => {
    const before = known.get(route)?.get(method)?.get(status);
    if (before) return before;
    const made = {
      'http.request.method': method === 'other' ? '_OTHER' : method,
      'http.route': route,
      'http.response.status_code': status,
      'url.scheme': 'http',
      ...(status >= 500 ? { 'error.type': String(status) } : {}),
    };
    const methods = known.get(route) ?? new Map<string, Map<number, Attributes>>();
    const statuses = methods.get(method) ?? new Map<number, Attributes>();
    known.set(route, methods.set(method, statuses.set(status, made)));
    return made;
  };
}
