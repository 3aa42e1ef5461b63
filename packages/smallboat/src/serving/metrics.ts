/**
 * Prometheus' text format 0.0.4 for the few metrics of an endpoint. By hand and not by prom-client: that one writes its text in a promise and adds
 * two packages to what is deployed, for counters that are three maps here.
 */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Upper bounds of the latency histogram, in seconds. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** What is known at the moment of asking, and not counted. */
export interface Gauges {
  readonly endpoint: string;
  /** Versions of the models that answer: the first is the one in use, a second is on trial. */
  readonly models: readonly string[];
  readonly connections: number;
  /** How far the endpoint is behind, in milliseconds. */
  readonly behindMs: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly log?: { readonly written: number; readonly dropped: number } | undefined;
}

/** Counts what an endpoint does. */
export interface EndpointMetrics {
  /** A request that was answered; `route` must be one of few. */
  answered(request: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly seconds: number;
  }): void;
  predicted(model: string, count: number): void;
  changed(kind: 'swap' | 'canary' | 'rollback' | 'promotion'): void;
  text(gauges: Gauges): string;
}

interface Histogram {
  readonly counts: Float64Array;
  sum: number;
}

export function endpointMetrics(): EndpointMetrics {
  /** By route, method and status: a request makes no text of them. */
  const requests = new Map<string, Map<string, Map<number, number>>>();
  const seconds = new Map<string, Histogram>();
  const predictions = new Map<string, number>();
  const changes = new Map<string, number>();
  const add = (to: Map<string, number>, labels: string, count: number): void =>
    void to.set(labels, (to.get(labels) ?? 0) + count);
  return {
    answered({ route, method, status, seconds: took }) {
      const methods = within(requests, route);
      const statuses = within(methods, method);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      let histogram = seconds.get(route);
      if (!histogram) seconds.set(route, (histogram = { counts: new Float64Array(BOUNDS.length + 1), sum: 0 }));
      const at = BOUNDS.findIndex((bound) => took <= bound);
      const bucket = at === -1 ? BOUNDS.length : at;
      histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
      histogram.sum += took;
    },
    predicted: (model, count) => add(predictions, model, count),
    changed: (kind) => add(changes, `kind="${kind}"`, 1),
    text(gauges) {
      const now: readonly Family[] = [
        family('smallboat_model_info', 'gauge', 'Models that answer', modelLines(gauges)),
        family('smallboat_connections', 'gauge', 'Open connections', [['', gauges.connections]]),
        family('smallboat_behind_seconds', 'gauge', 'How far the endpoint is behind its requests', [
          ['', gauges.behindMs / 1000],
        ]),
        family('process_resident_memory_bytes', 'gauge', 'Memory', [['', gauges.residentBytes]]),
        family('process_cpu_seconds_total', 'counter', 'CPU time', [['', gauges.cpuSeconds]]),
        family('process_start_time_seconds', 'gauge', 'Start, since 1970', [['', gauges.startedAt]]),
        ...(gauges.log === undefined
          ? []
          : [
              family('smallboat_log_written_total', 'counter', 'Records in the log', [['', gauges.log.written]]),
              family('smallboat_log_dropped_total', 'counter', 'Records lost', [['', gauges.log.dropped]]),
            ]),
      ];
      const counted: readonly Family[] = [
        family('smallboat_requests_total', 'counter', 'Requests that were answered', requestLines(requests)),
        family(
          'smallboat_predictions_total',
          'counter',
          'Sessions that were scored',
          [...predictions].map(([model, count]) => [`model="${escaped(model)}"`, count]),
        ),
        family('smallboat_model_changes_total', 'counter', 'Changes of the model', [...changes]),
      ];
      return [...counted, ...now].map(textOf).join('') + histogramText(seconds);
    },
  };
}

function within<K, V>(map: Map<string, Map<K, V>>, key: string): Map<K, V> {
  const found = map.get(key);
  if (found) return found;
  const made = new Map<K, V>();
  map.set(key, made);
  return made;
}

function requestLines(
  requests: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, number>>>,
): Family['lines'] {
  return [...requests].flatMap(([route, methods]) =>
    [...methods].flatMap(([method, statuses]) =>
      [...statuses].map(([status, count]): readonly [string, number] => [
        `route="${route}",method="${method}",status="${status}"`,
        count,
      ]),
    ),
  );
}

interface Family {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly lines: readonly (readonly [labels: string, value: number])[];
}

function family(name: string, kind: Family['kind'], help: string, lines: Family['lines']): Family {
  return { name, kind, help, lines };
}

function textOf({ name, kind, help, lines }: Family): string {
  if (lines.length === 0) return '';
  const rows = lines.map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}\n`);
  return `# HELP ${name} ${help}.\n# TYPE ${name} ${kind}\n${rows.join('')}`;
}

function histogramText(histograms: ReadonlyMap<string, Histogram>): string {
  const name = 'smallboat_request_seconds';
  let text = `# HELP ${name} Seconds from the head of a request to its answer.\n# TYPE ${name} histogram\n`;
  for (const [route, { counts, sum }] of histograms) {
    let below = 0;
    for (const [i, bound] of [...BOUNDS, '+Inf'].entries()) {
      below += counts[i] ?? 0;
      text += `${name}_bucket{route="${route}",le="${bound}"} ${below}\n`;
    }
    text += `${name}_sum{route="${route}"} ${sum}\n${name}_count{route="${route}"} ${below}\n`;
  }
  return text;
}

function modelLines({ endpoint, models }: Gauges): Family['lines'] {
  return models.map((model, i) => [
    `endpoint="${escaped(endpoint)}",model="${escaped(model)}",role="${i === 0 ? 'stable' : 'canary'}"`,
    1,
  ]);
}

/** A value of a label: backslash, quote and line break are written with a backslash. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
