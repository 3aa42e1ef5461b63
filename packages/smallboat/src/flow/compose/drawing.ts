import { type Place, type Region, type Source, type StepNode, sourcesIn } from '../definition.ts';
import { wiringErrors } from './errors.ts';

/** A flow while its wiring runs. */
export interface Drawing {
  readonly flow: string;
  readonly params: readonly string[];
  readonly steps: StepNode[];
  readonly regions: Region[];
  /** The regions that what is wired now is inside, outermost first. */
  readonly scope: Place[];
}

/** The flow being defined; set only while its wiring runs, which is synchronous. */
let drawing: Drawing | undefined;

/** Runs a wiring. Throws `FLOW_IN_FLOW`. */
export function draw<T>(into: Drawing, wire: () => T): T {
  if (drawing) throw wiringErrors.FLOW_IN_FLOW({ flow: into.flow, outer: drawing.flow });
  drawing = into;
  try {
    return wire();
  } finally {
    drawing = undefined;
  }
}

/** Throws `WIRED_OUTSIDE_FLOW`. */
export function currentDrawing(what: string, hint: string): Drawing {
  if (!drawing) throw wiringErrors.WIRED_OUTSIDE_FLOW({ what, hint });
  return drawing;
}

/** Wires what is inside a region. */
export function inside<T>(into: Drawing, place: Place, wire: () => T): T {
  into.scope.push(place);
  try {
    return wire();
  } finally {
    into.scope.pop();
  }
}

/** Named after what a region hangs on, and numbered where that is used twice: the same at every import. */
export function freshId(base: string, into: Drawing): string {
  const taken = into.regions.filter((f) => f.id === base || f.id.startsWith(`${base}#`)).length;
  return taken === 0 ? base : `${base}#${taken + 1}`;
}

/** What a source is called in names of regions. */
export function nameOf(from: Source): string {
  switch (from.kind) {
    case 'output':
      return `${from.step}.${from.key ?? '*'}`;
    case 'param':
      return from.name;
    case 'item':
      return `${from.each}.*`;
    case 'gather':
    case 'last':
      return nameOf(from.of);
    case 'state':
      return `${from.repeat}.${from.key ?? '*'}`;
    case 'chosen':
      return from.choice;
    case 'merge':
      return `merge.${from.key ?? '*'}`;
    case 'const':
      break;
  }
  return 'list';
}

/** A value may be read where every region around its maker is also around its reader. Throws the `REF_…` errors. */
export function checkReach(from: Source, user: string, into: Drawing): void {
  switch (from.kind) {
    case 'const':
      return;
    case 'param':
      if (!into.params.includes(from.name)) throw foreign(user, `parameter '${from.name}'`);
      return;
    case 'item':
      checkScope([{ region: from.each }], { user, from: `an element of '${from.each}'` }, into, true);
      return;
    case 'state':
      checkScope([{ region: from.repeat }], { user, from: `'${from.key ?? 'all'}' of '${from.repeat}'` }, into, true);
      return;
    case 'output': {
      const made = into.steps.find((s) => s.name === from.step);
      if (!made) throw foreign(user, `step '${from.step}'`);
      checkScope(made.scope, { user, from: `step '${from.step}'` }, into);
      return;
    }
    case 'gather':
      checkRegion(from.each, `each() over '${from.each}'`, user, into);
      return;
    case 'chosen':
      checkRegion(from.choice, `the choice on '${from.choice}'`, user, into);
      return;
    case 'last':
      checkRegion(from.repeat, `'${from.repeat}'`, user, into);
      return;
    case 'merge':
      for (const part of from.parts) checkReach(part, user, into);
  }
}

function checkRegion(id: string, what: string, user: string, into: Drawing): void {
  const region = into.regions.find((r) => r.id === id);
  if (!region) throw foreign(user, what);
  checkScope(region.scope, { user, from: what }, into);
}

function checkScope(
  scope: readonly Place[],
  facts: { readonly user: string; readonly from: string },
  into: Drawing,
  anywhere = false,
): void {
  const isAround = (place: Place, at: number): boolean => {
    const own = anywhere ? into.scope.find((p) => p.region === place.region) : into.scope[at];
    return own?.region === place.region && own.case === place.case;
  };
  const outside = scope.find((place, at) => !isAround(place, at));
  if (!outside) return;
  const region = into.regions.find((r) => r.id === outside.region);
  if (!region) throw foreign(facts.user, facts.from);
  if (region.kind === 'each') throw wiringErrors.REF_OUT_OF_EACH(facts);
  if (region.kind === 'repeat') throw wiringErrors.REF_OUT_OF_REPEAT(facts);
  throw wiringErrors.REF_OUT_OF_CASE({ ...facts, choice: region.isCondition ? 'when()' : 'match()' });
}

function foreign(user: string, from: string): Error {
  return wiringErrors.REF_OF_ANOTHER_FLOW({ user, from });
}

/** The steps that a source comes from. */
export function stepsBehind(from: Source, into: Pick<Drawing, 'regions'>): string[] {
  const region = (id: string): Region | undefined => into.regions.find((r) => r.id === id);
  switch (from.kind) {
    case 'output':
      return [from.step];
    case 'gather':
    case 'last':
      return stepsBehind(from.of, into);
    case 'item': {
      const each = region(from.each);
      return each?.kind === 'each' ? stepsBehind(each.over, into) : [];
    }
    case 'state': {
      const repeat = region(from.repeat);
      const initial = repeat?.kind === 'repeat' ? (repeat.start ?? repeat.initial[from.key ?? '']) : undefined;
      return initial ? stepsBehind(initial, into) : [];
    }
    case 'chosen':
      return Object.values(from.of).flatMap((one) => stepsBehind(one, into));
    case 'merge':
      return from.parts.flatMap((part) => stepsBehind(part, into));
    case 'const':
    case 'param':
      break;
  }
  return [];
}

/** What decides whether, and how often, a region is run. */
export function sourcesOf(region: Region): readonly Source[] {
  if (region.kind === 'each') return [region.over];
  if (region.kind === 'choice') return [region.on];
  return [...Object.values(region.initial), ...(region.start ? [region.start] : [])];
}

/** Whether some of a source is made inside the region. */
export function isMadeIn(from: Source, id: string, into: Drawing): boolean {
  const isInside = (scope: readonly Place[] | undefined): boolean => scope?.some((p) => p.region === id) === true;
  return [...sourcesIn(from)].some((one) => {
    if (one.kind === 'output') return isInside(into.steps.find((s) => s.name === one.step)?.scope);
    const inner =
      one.kind === 'gather' ? one.each : one.kind === 'chosen' ? one.choice : one.kind === 'last' ? one.repeat : '';
    return isInside(into.regions.find((r) => r.id === inner)?.scope);
  });
}
