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
    full_refresh: z.boolean().optional(),
    target: z.string().nullish(),
  }),
});

const AGAIN: ReadonlySet<string> = new Set(['error', 'fail', 'skipped', 'runtime error', 'partial success']);
const VERBS: ReadonlySet<string> = new Set(['build', 'run', 'test', 'seed', 'snapshot', 'compile', 'clone']);

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
    vars: { ...args.vars, ...options.vars },
    ...(args.full_refresh === undefined ? {} : { fullRefresh: args.full_refresh }),
    ...(options.target === undefined && typeof args.target === 'string' ? { target: args.target } : {}),
  };
  return runVerb(verb, { ...given, begun: await beginVerb(verb, given), chosen, batches });
}
