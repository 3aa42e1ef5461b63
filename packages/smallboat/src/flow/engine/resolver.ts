import { defineErrors } from '../../kernel/index.ts';
import {
  type Dag,
  OTHERWISE,
  type Place,
  type Region,
  type Source,
  type StepNode,
  YES,
  numbered,
} from '../definition.ts';
import type { ArtifactKey, ArtifactKeys, RunStore, TaskPlace, TaskPath } from '../store/run-store.ts';
import { isCount } from '../compose/gang.ts';
import { gangErrors } from './gang.ts';
import { inputErrors, inputsFrom, loadInput } from './inputs.ts';
import { type InputSpec, taskName } from './job.ts';
import { taskPlace } from './task-place.ts';

export const resolverErrors = defineErrors({
  ARTIFACT_NOT_MADE: (f: { step: string; artifact: string }) =>
    `Step '${f.step}' of the run that is resumed made no artifact '${f.artifact}', which the flow now reads. Make it again with --from ${f.step}.`,
  CHOICE_NOT_COVERED: (f: { choice: string; value: string; cases: string }) =>
    `The choice on '${f.choice}' got ${f.value}, for which it has no case. Its cases: ${f.cases}. Add one, or 'otherwise'.`,
  REPEAT_TOO_LONG: (f: { repeat: string; atMost: number }) =>
    `'${f.repeat}' would go on after ${f.atMost} iterations, its atMost. Raise atMost, or mend what decides when it ends.`,
  REPEAT_UNDECIDED: (f: { repeat: string; found: string }) =>
    `The 'while' of '${f.repeat}' is ${f.found}, not a yes or no. Have the step return true or false.`,
  MERGE_CONFLICT: (f: { artifact: string; sources: string }) =>
    `merge() found two contents for artifact '${f.artifact}', from ${f.sources}. Leave it out with exclude, or read it from the step that you mean.`,
});

/** A place in the lists and iterations of a flow. */
export type Index = readonly number[];

/** A task that is done: what it made, and whether it was taken over from another run. */
export interface Done {
  readonly path: TaskPath;
  readonly artifacts: ArtifactKeys;
  /** The same with what the engine keeps beside it. */
  readonly stored: ArtifactKeys;
  /** Names of artifacts that it returned as undefined. */
  readonly absent: readonly string[];
  readonly lengths: Readonly<Record<string, number>>;
  readonly isCloned: boolean;
}

export interface Resolved {
  readonly spec: InputSpec;
  /** All that is behind it was taken over from the run that is resumed. */
  readonly isCloned: boolean;
}

export interface ResolverOptions {
  readonly dag: Dag;
  readonly store: RunStore;
  /** Stored parameters by name; `length` of those that are lists. */
  readonly params: Readonly<Record<string, { readonly key: ArtifactKey; readonly length?: number }>>;
  /** Runs one task of a step, once however many ask for it. `index` may be longer than the step is deep. */
  readonly task: (node: StepNode, index: Index) => Promise<Done>;
}

/** Finds where values are: it asks for the tasks that make them, and waits. */
export interface Resolver {
  resolve(this: void, from: Source, index: Index): Promise<Resolved>;
  /** Every place of a scope that is to be run, from those that the beginning of `prefix` names. */
  paths(this: void, scope: readonly Place[], prefix: Index): Promise<Index[]>;
  /** What decides whether a task at this place exists. */
  around(this: void, scope: readonly Place[]): readonly Source[];
  /** How many tasks a region has at a place, or iterations. */
  lengthOf(this: void, id: string, prefix: Index): Promise<number>;
  /** Where a task at this place stands, in the store's words. */
  place(this: void, scope: readonly Place[], index: Index): Promise<TaskPlace>;
}

export function resolver({ dag, store, params, task }: ResolverOptions): Resolver {
  const inputs = inputsFrom(store, dag.flow);
  const steps = new Map(dag.steps.map((node) => [node.name, node]));
  const regions = new Map(dag.regions.map((region) => [region.id, region]));
  const lengths = memory<number>();
  const choices = memory<string>();
  const nodeOf = (name: string): StepNode => found(steps.get(name), name);
  const regionOf = <K extends Region['kind']>(id: string, kind: K): Region & { readonly kind: K } => {
    const region = found(regions.get(id), id);
    if (region.kind !== kind) throw new Error(`The flow's graph takes '${id}' for a ${kind}, which it is not.`);
    return region as Region & { readonly kind: K }; // Just checked.
  };
  /** The part of an index that a region is found under. */
  const around = (region: Region, index: Index): Index => index.slice(0, numbered(region.scope).length);

  const lengthOf = (id: string, prefix: Index): Promise<number> => {
    const region = found(regions.get(id), id);
    const at = around(region, prefix);
    return lengths(taskName(id, at), () => (region.kind === 'repeat' ? iterations(region, at) : measure(id, at)));
  };

  const measure = async (id: string, prefix: Index): Promise<number> => {
    const { over, isGang } = regionOf(id, 'each');
    if (isGang) return countOf(id, over, prefix);
    if (over.kind === 'const') return (over.value as readonly unknown[]).length; // Checked by each().
    const { spec } = await resolve(over, prefix);
    if (spec.kind === 'list') return spec.items.length;
    if (over.kind === 'param' && params[over.name]?.length !== undefined) return params[over.name]?.length ?? 0;
    if (over.kind === 'output') {
      const length = (await task(nodeOf(over.step), prefix)).lengths[over.key ?? ''];
      if (length !== undefined) return length;
    }
    const value = await loadInput(spec, { dag, inputs });
    if (Array.isArray(value)) return value.length;
    const what = over.kind === 'output' ? `'${over.key ?? ''}' of step '${over.step}'` : 'What';
    throw inputErrors.NOT_A_LIST({ what, found: value === undefined ? 'missing' : `of type ${typeof value}` });
  };

  /** How many tasks a gang has. */
  const countOf = async (id: string, over: Source, prefix: Index): Promise<number> => {
    const count = over.kind === 'const' ? over.value : await valueOf(over, prefix);
    if (isCount(count)) return count;
    const step = dag.steps.find(({ scope }) => scope.some(({ region }) => region === id))?.name ?? id;
    throw gangErrors.GANG_COUNT_INVALID({ step, found: describe(count) });
  };

  const valueOf = async (from: Source, index: Index): Promise<unknown> =>
    loadInput((await resolve(from, index)).spec, { dag, inputs });

  /** Runs the iterations of a repeat, one after the other. @returns how many there were. */
  const iterations = async (region: Region & { readonly kind: 'repeat' }, prefix: Index): Promise<number> => {
    const { id, again, atMost } = region;
    const inside = dag.steps.filter((node) => node.scope.some((place) => place.region === id));
    for (let count = 1; ; count += 1) {
      const index = [...prefix, count - 1];
      await Promise.all(
        inside.map(async (node) => Promise.all((await paths(node.scope, index)).map((path) => task(node, path)))),
      );
      const goesOn = await valueOf(again, index);
      if (typeof goesOn !== 'boolean') {
        throw resolverErrors.REPEAT_UNDECIDED({ repeat: id, found: describe(goesOn) });
      }
      if (!goesOn) return count;
      if (count >= atMost) throw resolverErrors.REPEAT_TOO_LONG({ repeat: id, atMost });
    }
  };

  /** The case of a choice that is taken; empty where none is. */
  const chosen = (id: string, index: Index): Promise<string> => {
    const region = regionOf(id, 'choice');
    const at = around(region, index);
    return choices(taskName(id, at), async () => {
      const value = await valueOf(region.on, at);
      const otherwise = region.hasOtherwise ? OTHERWISE : undefined;
      const taken = region.isCondition
        ? { true: YES, false: otherwise ?? '' }[String(typeof value === 'boolean' ? value : '')]
        : typeof value === 'string' && region.cases.includes(value)
          ? value
          : otherwise;
      if (taken !== undefined) return taken;
      const cases = region.isCondition ? 'true, false' : region.cases.join(', ');
      throw resolverErrors.CHOICE_NOT_COVERED({ choice: id, value: describe(value), cases });
    });
  };

  const paths = async (scope: readonly Place[], prefix: Index): Promise<Index[]> => {
    let places: Index[] = [[]];
    let depth = 0;
    for (const place of scope) {
      if (place.case !== undefined) {
        const taken = await Promise.all(places.map((path) => chosen(place.region, path)));
        places = places.filter((_, i) => taken[i] === place.case);
      } else if (depth < prefix.length) {
        const at = prefix[depth] ?? 0;
        places = places.map((path) => [...path, at]);
        depth += 1;
      } else {
        const longer = places.map(async (path) =>
          Array.from({ length: await lengthOf(place.region, path) }, (_, i) => [...path, i]),
        );
        places = (await Promise.all(longer)).flat();
        depth += 1;
      }
    }
    return places;
  };

  const resolve = async (from: Source, index: Index): Promise<Resolved> => {
    switch (from.kind) {
      case 'const':
        return { spec: { kind: 'const' }, isCloned: true };
      case 'param':
        return { spec: { kind: 'artifact', key: found(params[from.name], from.name).key }, isCloned: true };
      case 'output': {
        const { artifacts, absent, isCloned } = await task(nodeOf(from.step), index);
        return from.key === undefined
          ? { spec: { kind: 'object', artifacts }, isCloned }
          : { spec: artifactOf(artifacts, { step: from.step, key: from.key, isSure: !isCloned, absent }), isCloned };
      }
      case 'gather': {
        const prefix = around(regionOf(from.each, 'each'), index);
        const count = await lengthOf(from.each, prefix);
        const items = await Promise.all(Array.from({ length: count }, (_, i) => resolve(from.of, [...prefix, i])));
        return {
          spec: { kind: 'list', items: items.map(({ spec }) => spec) },
          isCloned: items.every(({ isCloned }) => isCloned),
        };
      }
      case 'item': {
        const region = regionOf(from.each, 'each');
        const prefix = around(region, index);
        const place = index[prefix.length] ?? 0;
        if (region.over.kind === 'const') {
          return { spec: { kind: 'constElement', each: from.each, index: place }, isCloned: true };
        }
        const { spec, isCloned } = await resolve(region.over, prefix);
        const element = spec.kind === 'list' ? spec.items[place] : undefined;
        return { spec: element ?? { kind: 'element', of: spec, index: place }, isCloned };
      }
      case 'chosen': {
        const one = from.of[await chosen(from.choice, index)];
        return one ? resolve(one, index) : { spec: { kind: 'absent' }, isCloned: true };
      }
      case 'state': {
        const region = regionOf(from.repeat, 'repeat');
        const prefix = around(region, index);
        const iteration = index[prefix.length] ?? 0;
        const before = iteration > 0 ? region.result : region.start;
        const at = iteration > 0 ? [...prefix, iteration - 1] : prefix;
        const { key = '' } = from;
        if (before) return from.key === undefined ? resolve(before, at) : resolveKey(before, key, at);
        const initial = found(region.initial[key], key);
        if (initial.kind !== 'const') return resolve(initial, prefix);
        return { spec: { kind: 'initial', repeat: from.repeat, key }, isCloned: true };
      }
      case 'last': {
        const prefix = around(regionOf(from.repeat, 'repeat'), index);
        return resolve(from.of, [...prefix, (await lengthOf(from.repeat, prefix)) - 1]);
      }
      case 'merge':
        break;
    }
    return merged(from, index);
  };

  /** One artifact of what a source gives as a whole. */
  const resolveKey = async (from: Source, key: string, index: Index): Promise<Resolved> => {
    if (from.kind === 'output' && from.key === undefined) return resolve({ ...from, key }, index);
    const { spec, isCloned } = await resolve(from, index);
    const artifacts = spec.kind === 'object' ? spec.artifacts : {};
    return { spec: artifactOf(artifacts, { step: '', key, isSure: true, absent: [] }), isCloned };
  };

  const merged = async (from: Source & { readonly kind: 'merge' }, index: Index): Promise<Resolved> => {
    const parts = await Promise.all(from.parts.map((part) => resolve(part, index)));
    const isCloned = parts.every((part) => part.isCloned);
    const together = new Map<string, { readonly key: ArtifactKey; readonly part: number }>();
    const add = (spec: InputSpec, part: number): void => {
      if (spec.kind === 'list') for (const item of spec.items) add(item, part);
      if (spec.kind !== 'object') return;
      for (const [name, key] of Object.entries(spec.artifacts)) {
        if (from.include?.includes(name) === false || from.exclude?.includes(name) === true) continue;
        if (from.key !== undefined && name !== from.key) continue;
        const before = together.get(name);
        if (before && before.key !== key) {
          const sources = [...new Set([before.part, part])].map((at) => nameOfPart(from.parts[at])).join(' and ');
          throw resolverErrors.MERGE_CONFLICT({ artifact: name, sources });
        }
        together.set(name, { key, part });
      }
    };
    parts.forEach(({ spec }, part) => add(spec, part));
    const artifacts = Object.fromEntries([...together].map(([name, { key }]) => [name, key]));
    if (from.key === undefined) return { spec: { kind: 'object', artifacts }, isCloned };
    return { spec: artifactOf(artifacts, { step: '', key: from.key, isSure: true, absent: [] }), isCloned };
  };

  return {
    resolve,
    paths,
    lengthOf,
    place: (scope, index) => taskPlace(scope, index, { dag, lengthOf }),
    around: (scope) =>
      scope.flatMap(({ region: id }) => {
        const region = found(regions.get(id), id);
        if (region.kind === 'each') return [region.over];
        return region.kind === 'choice' ? [region.on] : [];
      }),
  };
}

function artifactOf(
  artifacts: ArtifactKeys,
  made: { readonly step: string; readonly key: string; readonly isSure: boolean; readonly absent: readonly string[] },
): InputSpec {
  const key = artifacts[made.key];
  if (key) return { kind: 'artifact', key };
  // A task of an earlier version of the code may not have known of an artifact; one of this run has left it out.
  if (!made.isSure && !made.absent.includes(made.key)) {
    throw resolverErrors.ARTIFACT_NOT_MADE({ step: made.step, artifact: made.key });
  }
  return { kind: 'absent' };
}

function nameOfPart(from: Source | undefined): string {
  if (from?.kind === 'output') return `step '${from.step}'`;
  return from?.kind === 'gather' ? `every '${from.each}'` : `a ${from?.kind ?? 'part'}`;
}

/** Computes each value once; who asks twice gets the same promise. A failure is told to whoever asks, and is no rejection that nobody saw. */
function memory<T>(): (name: string, make: () => Promise<T>) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (name, make) => {
    const before = known.get(name);
    if (before) return before;
    const made = make();
    made.catch(() => undefined);
    known.set(name, made);
    return made;
  };
}

function describe(value: unknown): string {
  return value === undefined ? 'missing' : typeof value === 'object' ? 'an object' : JSON.stringify(value);
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The flow's graph names '${name}', which it does not have.`);
  return value;
}
