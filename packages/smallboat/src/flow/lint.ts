import { messageOf } from '../kernel/index.ts';
import type { Flow } from './compose/flow.ts';
import { declaredSteps } from './compose/declared.ts';
import { type Dag, type Source, sourcesIn } from './definition.ts';
import { isFileParam } from './file-param.ts';
import { type Site, describeSite } from './site.ts';
import { ArrowNeeded } from './store/arrow-table.ts';
import { encodePickle } from './store/pickle-encode.ts';

/** Something in a flow that types cannot see, and that is a mistake or looks like one. */
export interface Finding {
  readonly rule: 'gang-of-one' | 'step-never-wired' | 'parameter-never-read' | 'parameter-not-storable' | 'names-alike';
  /** An `error` fails the run sooner or later; a `warning` is work for nothing, or a misunderstanding. */
  readonly severity: 'error' | 'warning';
  /** What it is and what to do. */
  readonly message: string;
  readonly site?: Site;
}

/** Looks through the flows of a module, once all of them are defined. No body runs. */
export function lintFlows(flows: readonly Flow[]): readonly Finding[] {
  return [...flows.flatMap((flow) => [...params(flow), ...alike(flow), ...lonelyGangs(flow)]), ...neverWired(flows)];
}

/** `flow.ts:12: parameter 'epochs' is never read …`, as compilers write it. */
export function describeFinding({ severity, message, site }: Finding, from?: string): string {
  return `${describeSite(site, from)}: ${severity}: ${message}`;
}

function params({ name: flow, params: all, dag, result, site }: Flow): Finding[] {
  const read = new Set(sourcesOf(dag(), result).flatMap((from) => (from.kind === 'param' ? [from.name] : [])));
  const at = site ? { site } : {};
  return Object.entries(all).flatMap(([name, schema]): Finding[] => {
    const unread: Finding[] = read.has(name)
      ? []
      : [
          {
            rule: 'parameter-never-read',
            severity: 'warning',
            message: `parameter '${name}' of flow '${flow}' is never read. Hand it to a step, or take it out.`,
            ...at,
          },
        ];
    if (isFileParam(schema)) return unread;
    const parsed = schema.safeParse(undefined);
    const problem = parsed.success ? whyNotStorable(parsed.data) : undefined;
    if (problem === undefined) return unread;
    const message = `the default of parameter '${name}' of flow '${flow}' cannot be stored: ${problem}`;
    return [...unread, { rule: 'parameter-not-storable', severity: 'error', message, ...at }];
  });
}

/** Names that a file system, or a reader, takes for the same. */
function alike({ name: flow, dag }: Flow): Finding[] {
  const seen = new Map<string, string>();
  return dag().steps.flatMap(({ name, site }): Finding[] => {
    const before = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), name);
    if (before === undefined) return [];
    const message = `steps '${before}' and '${name}' of flow '${flow}' differ in capitals only, and some file systems take them for one. Rename one.`;
    return [{ rule: 'names-alike', severity: 'warning', message, ...(site ? { site } : {}) }];
  });
}

/** Tasks that run at the same time as none. */
function lonelyGangs({ name: flow, dag }: Flow): Finding[] {
  const { regions, steps } = dag();
  return regions.flatMap((region): Finding[] => {
    if (region.kind !== 'each' || !region.isGang || region.over.kind !== 'const' || region.over.value !== 1) return [];
    const step = steps.find(({ scope }) => scope.some((place) => place.region === region.id));
    const message = `step '${step?.name ?? region.id}' of flow '${flow}' is in a gang() of one task. Call it without gang(), or give it a larger number.`;
    return [{ rule: 'gang-of-one', severity: 'warning', message, ...(step?.site ? { site: step.site } : {}) }];
  });
}

/** Steps that stand in the file of a flow, and that no flow wires. */
function neverWired(flows: readonly Flow[]): Finding[] {
  const files = new Set(flows.map(({ site }) => site?.file));
  const key = (site: Site | undefined): string => `${site?.file ?? ''}:${site?.line ?? 0}`;
  const wired = new Set(flows.flatMap((flow) => flow.dag().steps.map(({ site }) => key(site))));
  return declaredSteps()
    .filter(({ site }) => site !== undefined && files.has(site.file) && !wired.has(key(site)))
    .map(({ name, site }) => ({
      rule: 'step-never-wired',
      severity: 'warning',
      message: `step '${name}' is never reached: no flow calls it. Call it in a flow's wiring, or take it out.`,
      ...(site ? { site } : {}),
    }));
}

function sourcesOf({ steps, regions }: Dag, result: Source): Source[] {
  const inRegions = regions.flatMap((region): Source[] => {
    if (region.kind === 'each') return [region.over];
    if (region.kind === 'choice') return [region.on];
    return [...Object.values(region.initial), ...(region.start ? [region.start] : []), region.result, region.again];
  });
  const all = [
    ...steps.flatMap(({ inputs, spread, waitFor }) => [
      ...Object.values(inputs),
      ...(spread ? [spread] : []),
      ...waitFor,
    ]),
    ...inRegions,
    result,
  ];
  return all.flatMap((from) => [...sourcesIn(from)]);
}

function whyNotStorable(value: unknown): string | undefined {
  try {
    encodePickle(value);
    return undefined;
  } catch (error) {
    // A store imports the package that an Arrow table needs; here nothing is waited for.
    if (error instanceof ArrowNeeded) return undefined;
    return messageOf(error);
  }
}
