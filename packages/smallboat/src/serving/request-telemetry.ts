import { type Telemetry, type TraceContext, readTraceParent } from '../telemetry/index.ts';
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
  return {
    begin({ headers }) {
      const parent = readTraceParent(headers['traceparent'], headers['tracestate']);
      const context = telemetry.begin(parent);
      return {
        predicted({ model, sessions, startedAt, endedAt }) {
          predictions.add(sessions, { 'smallboat.endpoint': endpoint, 'smallboat.model': model });
          if (!context.isSampled) return;
          telemetry.span({
            ...placeOf(telemetry.begin(context)),
            parentSpanId: context.spanId,
            name: 'predict',
            kind: 'internal',
            startedAt: ORIGIN + startedAt,
            endedAt: ORIGIN + endedAt,
            attributes: { 'smallboat.model': model, 'smallboat.sessions': sessions },
          });
        },
        ended({ id, method, path, status, model, startedAt, endedAt }) {
          const attributes = {
            'http.request.method': method === 'other' ? '_OTHER' : method,
            'http.route': path,
            'http.response.status_code': status,
            'url.scheme': 'http',
            ...(status >= 500 ? { 'error.type': String(status) } : {}),
          };
          seconds.record((endedAt - startedAt) / 1000, attributes);
          if (!context.isSampled) return;
          telemetry.span({
            ...placeOf(context),
            ...(parent ? { parentSpanId: parent.spanId } : {}),
            name: `${attributes['http.request.method'] === '_OTHER' ? 'HTTP' : method} ${path}`,
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

function placeOf({ traceId, spanId, state }: TraceContext): { traceId: string; spanId: string; traceState?: string } {
  return { traceId, spanId, ...(state === undefined ? {} : { traceState: state }) };
}
