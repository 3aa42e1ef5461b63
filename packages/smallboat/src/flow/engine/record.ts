import type { CacheRecord } from '../cache/cache-record.ts';
import type { Brief } from '../../report/index.ts';
import type { FlowAbout } from '../about.ts';
import type { Dag, Place, Region, Source } from '../definition.ts';
import type { RunEnvironment } from '../run-environment.ts';
import type { InputSpec, TaskError } from './job.ts';

/** Name of the hidden artifact that the engine keeps beside the artifacts of a task. */
export const RECORD = '_smallboat';
/** Name of the hidden artifact with the components that a step put on its card. */
export const CARD = '_card';
/** Pieces of the folders that a task kept, numbered: `_folder_0`. */
export const FOLDER = '_folder_';
/** Name of the hidden artifact that a task has which was taken over from an earlier run: that run. */
export const ORIGIN = '_origin';
/** Name under which `end` holds a result that is not the artifacts of one step. */
export const RESULT = 'result';

/** What is kept of a task so that a later process can show it, continue from it, and run it again. Plain data. */
export interface TaskRecord {
  readonly kind: 'task';
  readonly index: readonly number[];
  /** Lengths of the lists that are fanned out over, by artifact. */
  readonly lengths: Readonly<Record<string, number>>;
  /** Names of artifacts that the step returned as undefined. */
  readonly absent?: readonly string[];
  /** Its artifacts in short, by name: what a card shows without reading them. */
  readonly briefs?: Readonly<Record<string, Brief>>;
  /** Where it ran beside others at the same time: how many, and which it was. */
  readonly gang?: { readonly count: number; readonly index: number };
  /** Where its inputs came from. Records of version 0.1 lack it. */
  readonly inputs?: Readonly<Record<string, InputSpec>>;
  /** Where the run was made with `--cache`: what the result depends on. */
  readonly cache?: CacheRecord;
  /** Pathspec of the task of another run that did the same, where this one was taken from it. */
  readonly takenFrom?: string;
  /** How the attempt failed or, where the step's `catch` stepped in, the attempt before. */
  readonly error?: TaskError;
}

/** What is kept of a run, in its task `_parameters`. Plain data. */
export interface RunRecord {
  readonly kind: 'run';
  /** URL of the module that exports the flow. */
  readonly module: string;
  /** The process that schedules the run, to tell a running run from one that was killed. */
  readonly pid: number;
  readonly host: string;
  readonly graph: Graph;
  readonly params: readonly string[];
  /** With what it was made. Records of version 0.1 lack it. */
  readonly environment?: RunEnvironment;
  /** Names of the configurations that the flow's module read, kept beside the parameters. */
  readonly configs?: readonly string[];
  /** Where a resumed run left off from its origin. */
  readonly from?: string;
  /** Made with `--cache`. */
  readonly isCached?: boolean;
}

/** A flow's definition without bodies and values, as it is stored and drawn. */
export interface Graph {
  readonly flow: string;
  readonly steps: readonly GraphStep[];
  readonly regions: readonly GraphRegion[];
  readonly about?: string;
  readonly owner?: string;
  readonly data?: readonly string[];
  readonly checks?: readonly string[];
}

export interface GraphStep {
  readonly name: string;
  /** Names of the regions around it, outermost first; `id=case` in a case of a choice. */
  readonly scope: readonly string[];
  readonly after: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  readonly about?: string;
}

export interface GraphRegion {
  readonly id: string;
  readonly kind: Region['kind'];
  readonly scope: readonly string[];
  /** An `each` whose step runs as several tasks at the same time. */
  readonly isGang?: true;
}

/** The part of a definition that can be stored. */
export function graphOf(dag: Dag, { about, owner, data, checks }: FlowAbout = {}): Graph {
  return {
    flow: dag.flow,
    steps: dag.steps.map(({ name, scope, after, inputs, spread, options }) => ({
      name,
      scope: scope.map(placeName),
      after,
      inputs: Object.fromEntries([
        ...Object.entries(inputs).map(([key, from]) => [key, sourceName(from)]),
        ...(spread ? [['…', `all of ${sourceName(spread)}`]] : []),
      ]),
      ...(options.about === undefined ? {} : { about: options.about }),
    })),
    regions: dag.regions.map((region) => ({
      id: region.id,
      kind: region.kind,
      scope: region.scope.map(placeName),
      ...(region.kind === 'each' && region.isGang ? { isGang: true as const } : {}),
    })),
    ...(about === undefined ? {} : { about }),
    ...(owner === undefined ? {} : { owner }),
    ...(data === undefined ? {} : { data }),
    ...(checks === undefined ? {} : { checks }),
  };
}

function placeName(place: Place): string {
  return place.case === undefined ? place.region : `${place.region}=${place.case}`;
}

function sourceName(from: Source): string {
  switch (from.kind) {
    case 'param':
      return `parameter ${from.name}`;
    case 'output':
      return from.key === undefined ? from.step : `${from.step}.${from.key}`;
    case 'item':
      return `an element of ${from.each}`;
    case 'gather':
      return `every ${sourceName(from.of)}`;
    case 'chosen':
      return Object.values(from.of).map(sourceName).join(' or ');
    case 'state':
      return `${from.key ?? 'all'} of the iteration before`;
    case 'last':
      return `the last ${sourceName(from.of)}`;
    case 'merge':
      return `${from.key === undefined ? '' : `${from.key} of `}${from.parts.map(sourceName).join(' with ')}`;
    case 'const':
      break;
  }
  return 'a constant';
}

/** Reads a stored record; undefined for anything else, such as a run that Metaflow's own runtime made. */
export function asTaskRecord(stored: unknown): TaskRecord | undefined {
  return isRecord(stored, 'task') ? (stored as TaskRecord) : undefined; // Written by us, as this shape.
}

export function asRunRecord(stored: unknown): RunRecord | undefined {
  if (!isRecord(stored, 'run')) return undefined;
  const record = stored as RunRecord; // Written by us, as this shape.
  const { foreach = [] } = record.graph as { readonly foreach?: readonly Omit<GraphRegion, 'kind'>[] };
  // Version 0.1 knew one kind of region, under another name.
  const regions = record.graph.regions ?? foreach.map((region) => ({ ...region, kind: 'each' as const }));
  return { ...record, graph: { ...record.graph, regions } };
}

function isRecord(stored: unknown, kind: string): boolean {
  return typeof stored === 'object' && stored !== null && 'kind' in stored && stored.kind === kind;
}
