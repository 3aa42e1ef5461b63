import { LISTABLE, parseYaml } from '../../transform/index.ts';
import type { VerbOptions } from '../../transform/index.ts';
import type { DbtArguments } from './arguments.ts';

/** YAML of a flag as a mapping. @throws Error with what is wrong. */
export function mappingOf(text: string | undefined, flag: string): Record<string, unknown> {
  if (text === undefined || text.trim() === '') return {};
  const { data } = parseYaml(text, `--${flag}`, { keepsFloats: true });
  if (data === null || data === undefined) return {};
  if (typeof data !== 'object' || Array.isArray(data))
    throw new TypeError(`--${flag} must be a mapping, as in '{name: value}', found '${text}'`);
  return data as Record<string, unknown>; // an object that is no array
}

/** A value that is JSON is what it reads as; anything else is text. */
function readVariable(text: string): readonly [string, unknown] {
  const at = text.indexOf('=');
  const value = text.slice(at + 1);
  try {
    return [text.slice(0, at), JSON.parse(value)];
  } catch (error) {
    if (error instanceof SyntaxError) return [text.slice(0, at), value]; // most values are plain words
    throw error;
  }
}

function timeOf(text: string, flag: string): Date {
  const at = new Date(
    /[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : 'T00:00:00Z'}`,
  );
  if (Number.isNaN(at.getTime()))
    throw new TypeError(`--${flag} must be a time such as 2024-01-31 or '2024-01-31 10:00:00', found '${text}'`);
  return at;
}

const UNIT: Readonly<Record<string, number>> = {
  hour: 3_600_000,
  day: 86_400_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
};

/** `3 days`, or `{start: …, end: …}`. */
function sampleOf(text: string, now: Date): { readonly start: Date; readonly end: Date } {
  const [, count, unit = ''] = /^\s*(\d+)\s*(hour|day|month|year)s?\s*$/i.exec(text) ?? [];
  if (count !== undefined)
    return { start: new Date(now.getTime() - Number(count) * (UNIT[unit.toLowerCase()] ?? 0)), end: now };
  const { start, end } = mappingOf(text, 'sample');
  return { start: timeOf(String(start), 'sample'), end: timeOf(String(end), 'sample') };
}

/** Kinds of nodes as they are named; `default` and `all` name none, which is all that a verb is about, `all` analyses too. */
function kindsOf(given: readonly string[] | undefined): VerbOptions['resourceTypes'] {
  if (given?.includes('all') === true) return [...LISTABLE, 'analysis'];
  if (given?.includes('default') === true)
    return [...LISTABLE, ...(given.includes('analysis') ? ['analysis' as const] : [])];
  return given as VerbOptions['resourceTypes']; // a kind that is none fits nothing
}

/** The options of a verb from the command line and dbt's environment variables. */
export function verbOptions(
  args: DbtArguments,
  {
    cwd,
    env,
    now,
  }: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>>; readonly now: Date },
): VerbOptions {
  const given = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
    (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
  const select = [...(args.select ?? []), ...(args.models ?? [])];
  const isOn = (name: string): boolean | undefined =>
    env[name] === undefined ? undefined : /^(1|true|t|yes)$/i.test(env[name] ?? '');
  return {
    project: args['project-dir'] ?? args.project ?? env['DBT_PROJECT_DIR'] ?? '.',
    cwd,
    env,
    vars: { ...mappingOf(args.vars, 'vars'), ...Object.fromEntries(args.var.map(readVariable)) },
    writeJson: !args['no-write-json'],
    isVersionChecked: !args['no-version-check'],
    ...given('profilesFolder', args['profiles-dir']),
    ...given('profile', args.profile ?? env['DBT_PROFILE']),
    ...given('target', args.target ?? env['DBT_TARGET']),
    ...given('targetFolder', args['target-path'] ?? args['target-folder']),
    ...given('threads', args.threads ?? (env['DBT_THREADS'] === undefined ? undefined : Number(env['DBT_THREADS']))),
    ...given('select', select.length > 0 ? select : undefined),
    ...given('exclude', args.exclude),
    ...given('selector', args.selector),
    ...given('resourceTypes', kindsOf(args['resource-type'])),
    ...given('excludeResourceTypes', args['exclude-resource-type'] as VerbOptions['excludeResourceTypes']),
    ...given(
      'indirectSelection',
      args['indirect-selection'] ?? (env['DBT_INDIRECT_SELECTION'] as VerbOptions['indirectSelection']),
    ),
    ...given('state', args.state),
    ...given('defer', args['no-defer'] === true ? false : (args.defer ?? isOn('DBT_DEFER'))),
    ...given('deferState', args['defer-state'] ?? env['DBT_DEFER_STATE']),
    ...given('favorState', args['favor-state'] ?? isOn('DBT_FAVOR_STATE')),
    ...given('fullRefresh', args['full-refresh'] ?? isOn('DBT_FULL_REFRESH')),
    ...given('failFast', args['fail-fast'] ?? isOn('DBT_FAIL_FAST')),
    ...given('empty', args.empty ?? isOn('DBT_EMPTY')),
    ...given('storeFailures', args['store-failures'] ?? isOn('DBT_STORE_FAILURES')),
    ...given('warnError', args['warn-error'] ?? isOn('DBT_WARN_ERROR')),
    ...given('sample', args.sample === undefined ? undefined : sampleOf(args.sample, now)),
    ...given(
      'eventTimeStart',
      args['event-time-start'] === undefined ? undefined : timeOf(args['event-time-start'], 'event-time-start'),
    ),
    ...given(
      'eventTimeEnd',
      args['event-time-end'] === undefined ? undefined : timeOf(args['event-time-end'], 'event-time-end'),
    ),
  };
}
