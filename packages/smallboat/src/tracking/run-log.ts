import * as z from 'zod';
import type {
  ArtifactInfo,
  DataUse,
  EndStatus,
  Lineage,
  MetricPoint,
  MetricSummary,
  ModelMade,
  ParamValue,
  RunStatus,
  TrackedRunInfo,
} from './tracker.ts';

/** JSON has no NaN and no infinities: they are written as text. */
const Value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);
const Param = z.union([z.number(), z.string(), z.boolean()]);

export const LineageShape = z.object({
  flowRun: z.string().exactOptional(),
  dataSnapshot: z.string().exactOptional(),
  codeHash: z.string().exactOptional(),
  inputs: z.record(z.string(), z.string()).exactOptional(),
});

const Start = z.object({
  t: z.literal('start'),
  v: z.literal(1),
  id: z.string(),
  experiment: z.string(),
  name: z.string(),
  at: z.number(),
  host: z.string(),
  pid: z.number(),
  parent: z.string().exactOptional(),
  lineage: LineageShape,
});

const Data = z.object({
  name: z.string(),
  digest: z.string(),
  context: z.string().exactOptional(),
  source: z.string().exactOptional(),
  rows: z.number().exactOptional(),
  columns: z.record(z.string(), z.string()).exactOptional(),
});

const Model = z.object({
  name: z.string(),
  digest: z.string(),
  version: z.number().exactOptional(),
  artifacts: z.string().exactOptional(),
});

/** The lines of a run's log but for metrics (`m`), which are many and are checked by hand, for speed. */
const Line = z.discriminatedUnion('t', [
  Start,
  z.object({ t: z.literal('params'), values: z.record(z.string(), Param) }),
  z.object({ t: z.literal('tags'), values: z.record(z.string(), z.string()) }),
  z.object({ t: z.literal('artifact'), name: z.string(), bytes: z.number(), sha256: z.string() }),
  z.object({ t: z.literal('data'), data: Data, at: z.number() }),
  z.object({ t: z.literal('model'), model: Model, at: z.number() }),
  z.object({ t: z.literal('resume'), at: z.number(), host: z.string(), pid: z.number() }),
  z.object({ t: z.literal('end'), status: z.enum(['finished', 'failed', 'stopped']), at: z.number() }),
]);

export type RunLine = z.infer<typeof Line> | { t: 'm'; at: number; s: number; v: Readonly<Record<string, number>> };
export type RunStart = z.infer<typeof Start>;

/** One line of the log, with its line break. */
export function writeLine(line: RunLine): string {
  if (line.t === 'm' && !Object.values(line.v).every(Number.isFinite)) {
    const v = Object.entries(line.v).map(([name, value]) => [name, Number.isFinite(value) ? value : String(value)]);
    return `${JSON.stringify({ ...line, v: Object.fromEntries(v) })}\n`;
  }
  return `${JSON.stringify(line)}\n`;
}

/** Throws for a line that is damaged or of a kind that this version does not know. */
export function readLine(text: string): RunLine {
  const line: unknown = JSON.parse(text);
  if (typeof line === 'object' && line !== null && 't' in line && line.t === 'm') {
    const { at, s, v } = line as { at?: unknown; s?: unknown; v?: unknown };
    if (typeof at !== 'number' || typeof s !== 'number' || typeof v !== 'object' || v === null) {
      throw new Error('a metric line without at, s or v');
    }
    const values: Record<string, number> = {};
    for (const [name, value] of Object.entries(v))
      values[name] = typeof value === 'number' ? value : Value.parse(value);
    return { t: 'm', at, s, v: values };
  }
  return Line.parse(line);
}

interface Sums {
  points: number;
  last: number;
  lastStep: number;
  min: number;
  minStep: number;
  max: number;
  maxStep: number;
}

/** Adds a point to a metric's summary. */
export function addPoint(metrics: Map<string, Sums>, name: string, step: number, value: number): void {
  const m = metrics.get(name);
  if (m === undefined) {
    metrics.set(name, { points: 1, last: value, lastStep: step, min: value, minStep: step, max: value, maxStep: step });
    return;
  }
  m.points++;
  m.last = value;
  m.lastStep = step;
  // The negation also replaces a NaN that came first.
  if (!(value >= m.min) && !Number.isNaN(value)) [m.min, m.minStep] = [value, step];
  if (!(value <= m.max) && !Number.isNaN(value)) [m.max, m.maxStep] = [value, step];
}

/** A process that writes a run. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

/** What the lines read so far amount to. */
export interface RunState {
  start: RunStart | undefined;
  /** The process that wrote last. */
  owner: Owner | undefined;
  readonly params: Map<string, ParamValue>;
  readonly tags: Map<string, string>;
  readonly metrics: Map<string, MetricSummary & Sums>;
  readonly artifacts: Map<string, Omit<ArtifactInfo, 'location'>>;
  readonly data: DataUse[];
  readonly models: ModelMade[];
  end: { readonly status: EndStatus; readonly at: number } | undefined;
  readonly problems: string[];
}

export function emptyState(): RunState {
  return {
    start: undefined,
    owner: undefined,
    params: new Map(),
    tags: new Map(),
    metrics: new Map(),
    artifacts: new Map(),
    data: [],
    models: [],
    end: undefined,
    problems: [],
  };
}

/**
 * Reads one segment of a log into `state`. A last line without its line break is the trace of a killed process: it is
 * left out and reported, as is any other line that cannot be read.
 */
export function readSegment(
  state: RunState,
  segment: { readonly name: string; readonly text: string },
  watch?: Watch,
): void {
  let from = 0;
  for (let number = 1; from < segment.text.length; number++) {
    const to = segment.text.indexOf('\n', from);
    const text = segment.text.slice(from, to === -1 ? undefined : to);
    from = to === -1 ? segment.text.length : to + 1;
    if (to === -1) {
      state.problems.push(
        `${segment.name}: the last line was cut off after ${Buffer.byteLength(text)} bytes and is left out`,
      );
      return;
    }
    try {
      addLine(state, readLine(text), watch);
    } catch (error) {
      const problem = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
      state.problems.push(`${segment.name}: line ${number} cannot be read and is left out (${problem})`);
    }
  }
}

/** One metric whose points are wanted one by one. */
export interface Watch {
  readonly metric: string;
  readonly points: MetricPoint[];
}

function addLine(state: RunState, line: RunLine, watch?: Watch): void {
  switch (line.t) {
    case 'm':
      for (const [name, value] of Object.entries(line.v)) {
        addPoint(state.metrics, name, line.s, value);
        if (watch?.metric === name) watch.points.push({ step: line.s, at: line.at, value });
      }
      return;
    case 'start':
      state.start = line;
      state.owner = line;
      return;
    case 'resume':
      state.owner = line;
      state.end = undefined;
      return;
    case 'data':
      state.data.push(line.data);
      return;
    case 'model':
      state.models.push(line.model);
      return;
    case 'params':
      for (const [name, value] of Object.entries(line.values)) state.params.set(name, value);
      return;
    case 'tags':
      for (const [name, value] of Object.entries(line.values)) state.tags.set(name, value);
      return;
    case 'artifact':
      state.artifacts.set(line.name, { name: line.name, bytes: line.bytes, sha256: line.sha256 });
      return;
    case 'end':
      state.end = { status: line.status, at: line.at };
  }
}

/** The state as the port gives it. `isAlive` says whether the process that writes the run is still there. */
export function infoOf(
  state: RunState & { readonly start: RunStart },
  options: { readonly locate: (artifact: string) => string; readonly isAlive: (owner: Owner) => boolean },
): TrackedRunInfo {
  const { start, end } = state;
  const lineage: Lineage = start.lineage;
  const status: RunStatus = end?.status ?? (options.isAlive(state.owner ?? start) ? 'running' : 'lost');
  return {
    id: start.id,
    experiment: start.experiment,
    name: start.name,
    status,
    startedAt: start.at,
    ...(end === undefined ? {} : { endedAt: end.at }),
    ...(start.parent === undefined ? {} : { parent: start.parent }),
    params: Object.fromEntries(state.params),
    tags: Object.fromEntries(state.tags),
    lineage,
    metrics: Object.fromEntries([...state.metrics].map(([name, m]) => [name, { ...m }])),
    artifacts: [...state.artifacts.values()].map((a) => ({ ...a, location: options.locate(a.name) })),
    data: [...state.data],
    models: [...state.models],
    problems: [...state.problems],
  };
}
