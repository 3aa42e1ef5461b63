import { defineErrors } from '../kernel/index.ts';
import type { Flow, StepChange } from './compose/flow.ts';
import type { Compute, StepOptions } from './options.ts';

export const withErrors = defineErrors({
  WITH_INVALID: (f: { spec: string; problem: string }) =>
    `--with ${f.spec}: ${f.problem}. It is written as 'retry', 'retry:times=2' or, for one step, 'train=batch:gpu=1'.`,
});

type Attributes = Readonly<Record<string, unknown>>;
type Reader = (attributes: Attributes, fail: (problem: string) => never) => StepChange;

/** What `--with` may add, in our words and in those of Metaflow's decorators. */
const READERS: Readonly<Record<string, Reader>> = {
  retry: (a, fail) => ({
    retry: {
      times: number(a, 'times', fail) ?? 3,
      backoffSeconds: number(a, 'backoffSeconds', fail) ?? minutes(a, 'minutes_between_retries', fail) ?? 1,
    },
  }),
  timeout: (a, fail) => {
    const seconds = number(a, 'seconds', fail) ?? 0;
    const all = seconds + (minutes(a, 'minutes', fail) ?? 0) + 60 * (minutes(a, 'hours', fail) ?? 0);
    return all > 0 ? { timeoutSeconds: all } : fail('it needs seconds, minutes or hours');
  },
  catch: () => ({ catch: () => ({}) }),
  resources: (a, fail) => ({ resources: resources(a, fail) }),
  environment: (a, fail) => {
    const { vars = a } = a;
    if (typeof vars !== 'object' || vars === null) return fail('it needs names with values');
    return { environment: Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, String(value)])) };
  },
  secrets: (a, fail) => {
    const { sources } = a;
    if (!Array.isArray(sources)) return fail(`it needs sources=["aws-secrets-manager.name"]`);
    return { secrets: sources.map(String) };
  },
  image: (a, fail) => ({ image: text(a, 'image') ?? text(a, 'name') ?? fail('it needs image=<name>') }),
  local: () => ({ compute: 'local' }),
  batch: (a, fail) => {
    const batch = {
      ...entry('queue', text(a, 'queue')),
      ...entry('jobRole', text(a, 'iam_role') ?? text(a, 'jobRole')),
      ...entry('executionRole', text(a, 'execution_role') ?? text(a, 'executionRole')),
    };
    return { ...remote('batch', a, fail), ...(Object.keys(batch).length > 0 ? { batch } : {}) };
  },
  kubernetes: (a, fail) => {
    const kubernetes = {
      ...entry('namespace', text(a, 'namespace')),
      ...entry('serviceAccount', text(a, 'service_account') ?? text(a, 'serviceAccount')),
    };
    return { ...remote('kubernetes', a, fail), ...(Object.keys(kubernetes).length > 0 ? { kubernetes } : {}) };
  },
};

/** Reads what `--with` is given: a name and, after a colon, `name=value` with commas between. Throws `WITH_INVALID`. */
export function parseWith(spec: string): StepChange {
  const at = spec.indexOf(':');
  const name = at < 0 ? spec : spec.slice(0, at);
  const fail = (problem: string): never => {
    throw withErrors.WITH_INVALID({ spec, problem });
  };
  const reader = READERS[name];
  if (!reader) return fail(`there is nothing of the name '${name}'; there is ${Object.keys(READERS).join(', ')}`);
  return reader(at < 0 ? {} : attributesOf(spec.slice(at + 1), fail), fail);
}

/**
 * The flow with what `--with` says, for every step that does not say so itself, or for the one step whose name comes before an
 * equals sign. Throws `WITH_INVALID`.
 */
export function applyWith<F extends Flow>(flow: F, specs: readonly string[]): F {
  const changes = specs.map((spec) => {
    const { step, rest } = ofStep(spec);
    const names = step === undefined ? [] : flow.dag().steps.map(({ name }) => name);
    if (step !== undefined && !names.includes(step)) {
      const problem = `the flow '${flow.name}' has no step '${step}'; it has ${names.join(', ')}`;
      throw withErrors.WITH_INVALID({ spec, problem });
    }
    return { step, change: parseWith(rest) };
  });
  return changes.reduce<Flow>(
    (changed, { step, change }) =>
      changed.with(({ name: own, options, isCatching }) => {
        if (step !== undefined && step !== own) return {};
        const has = (name: string): boolean => (name === 'catch' ? isCatching : name in options);
        // Resources and environments are added one by one: a step that asks for a GPU still gets the memory.
        const merged: StepOptions = {
          ...(change.resources ? { resources: { ...change.resources, ...options.resources } } : {}),
          ...(change.environment ? { environment: { ...change.environment, ...options.environment } } : {}),
        };
        const missing = Object.fromEntries(Object.entries(change).filter(([name]) => !has(name)));
        return { ...(missing as StepChange), ...merged }; // Part of a change.
      }),
    flow,
  ) as F; // `with` keeps the flow's type.
}

/** `train=batch:gpu=1` is for the step `train`. */
function ofStep(spec: string): { readonly step?: string; readonly rest: string } {
  const [, step, rest] = /^([\w-]+)=(.*)$/s.exec(spec) ?? [];
  return step === undefined || rest === undefined ? { rest: spec } : { step, rest };
}

function remote(compute: Compute, a: Attributes, fail: (problem: string) => never): StepOptions {
  const asked = resources(a, fail);
  return {
    compute,
    ...entry('image', text(a, 'image')),
    ...(Object.keys(asked).length > 0 ? { resources: asked } : {}),
  };
}

function resources(a: Attributes, fail: (problem: string) => never): NonNullable<StepOptions['resources']> {
  return {
    ...entry('cpu', number(a, 'cpu', fail)),
    ...entry('gpu', number(a, 'gpu', fail)),
    ...entry('memoryMiB', number(a, 'memoryMiB', fail) ?? number(a, 'memory', fail)),
    ...entry('diskMiB', number(a, 'diskMiB', fail) ?? number(a, 'disk', fail)),
    ...entry('sharedMemoryMiB', number(a, 'sharedMemoryMiB', fail) ?? number(a, 'shared_memory', fail)),
  };
}

/** `times=2,vars={"A":"1"}`: values are JSON where they can be, else text. Commas inside brackets and quotes do not part. */
function attributesOf(written: string, fail: (problem: string) => never): Attributes {
  const parts = written.match(/(?:[^,{["]|\{[^}]*\}|\[[^\]]*\]|"[^"]*")+/g) ?? [];
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      if (at <= 0) return fail(`'${part}' is not written as name=value`);
      return [part.slice(0, at).trim(), valueOf(part.slice(at + 1).trim())];
    }),
  );
}

function valueOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch (error) {
    // Not JSON: text that stands without quotes.
    if (error instanceof SyntaxError) return written;
    throw error;
  }
}

function number(a: Attributes, name: string, fail: (problem: string) => never): number | undefined {
  const value = a[name];
  if (value === undefined) return undefined;
  return typeof value === 'number' ? value : fail(`${name} is no number`);
}

function minutes(a: Attributes, name: string, fail: (problem: string) => never): number | undefined {
  const value = number(a, name, fail);
  return value === undefined ? undefined : 60 * value;
}

function text(a: Attributes, name: string): string | undefined {
  const value = a[name];
  return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
}

function entry<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>); // One entry, of this name.
}
