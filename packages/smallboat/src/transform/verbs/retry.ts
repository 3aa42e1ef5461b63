import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { projectErrors } from '../project/errors.ts';
import type { RunResults } from '../run/node-result.ts';
import type { RunVerb } from './run-verbs.ts';
import { runVerb } from './run-verbs.ts';
import type { VerbOptions } from './session.ts';
import { beginVerb } from './session.ts';

const Previous = z.looseObject({
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      batch_results: z
        .object({
          successful: z.array(z.tuple([z.string(), z.string()])),
          failed: z.array(z.tuple([z.string(), z.string()])),
        })
        .nullish(),
    }),
  ),
  args: z.looseObject({
    which: z.string(),
    vars: z.record(z.string(), z.unknown()).optional(),
    target: z.string().nullish(),
    full_refresh: z.boolean().nullish(),
    store_failures: z.boolean().nullish(),
    fail_fast: z.boolean().nullish(),
    empty: z.boolean().nullish(),
    defer: z.boolean().nullish(),
    favor_state: z.boolean().nullish(),
    defer_state: z.string().nullish(),
    event_time_start: z.string().nullish(),
    event_time_end: z.string().nullish(),
  }),
});

const AGAIN: ReadonlySet<string> = new Set(['error', 'fail', 'skipped', 'runtime error', 'partial success']);
const VERBS: ReadonlySet<string> = new Set(['build', 'run', 'test', 'seed', 'snapshot', 'compile', 'clone']);

/** The flags of that run, as options of this one. */
function flagsOf(args: z.infer<typeof Previous>['args']): Partial<VerbOptions> {
  const given = <K extends keyof VerbOptions>(key: K, value: VerbOptions[K] | null | undefined): Partial<VerbOptions> =>
    value === null || value === undefined ? {} : { [key]: value };
  const time = (text: string | null | undefined): Date | undefined =>
    typeof text === 'string' ? new Date(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`) : undefined;
  return {
    ...given('fullRefresh', args.full_refresh),
    ...given('storeFailures', args.store_failures),
    ...given('failFast', args.fail_fast),
    ...given('empty', args.empty),
    ...given('defer', args.defer),
    ...given('favorState', args.favor_state),
    ...given('deferState', args.defer_state),
    ...given('eventTimeStart', time(args.event_time_start)),
    ...given('eventTimeEnd', time(args.event_time_end)),
  };
}

/** Runs again what failed or was skipped in the last run, with the flags of that run. @throws `RETRY_NOTHING`. */
export async function retry(options: VerbOptions): Promise<RunResults> {
  const begun = await beginVerb('retry', options);
  const folder = options.state ?? begun.targetFolder;
  const path = join(folder, 'run_results.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) throw projectErrors.RETRY_NOTHING({ file: path });
    throw error;
  });
  const previous = Previous.safeParse(JSON.parse(text));
  if (!previous.success) throw projectErrors.STATE_UNREADABLE({ file: path, problem: previous.error.message });
  const { results, args } = previous.data;
  if (!VERBS.has(args.which)) throw projectErrors.RETRY_NOTHING({ file: path });
  const chosen = results
    .filter((one) => AGAIN.has(one.status) && !one.unique_id.startsWith('operation.'))
    .map((one) => one.unique_id);
  const batches = new Map(
    results.flatMap((one) => {
      const { batch_results: batch } = one;
      if (!batch || batch.successful.length === 0 || batch.failed.length === 0) return [];
      return [[one.unique_id, batch.failed.map(([start, end]) => [new Date(start), new Date(end)] as const)] as const];
    }),
  );
  const verb = args.which as RunVerb; // one of VERBS: checked above
  const given: VerbOptions = {
    ...options,
    ...flagsOf(args),
    // As dbt: variables that are given anew replace all of those of then.
    vars: Object.keys(options.vars ?? {}).length > 0 ? (options.vars ?? {}) : (args.vars ?? {}),
    ...(options.target === undefined && typeof args.target === 'string' ? { target: args.target } : {}),
  };
  return runVerb(verb, { ...given, begun: await beginVerb(verb, given), chosen, batches });
}
