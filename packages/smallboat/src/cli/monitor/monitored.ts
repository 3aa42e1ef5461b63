import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { defineErrors, isMissing, writeWhole } from '../../kernel/index.ts';
import type { DriftReport, LiveWindow, Reference } from '../../monitoring/index.ts';
import { readReference, renderDriftPage } from '../../monitoring/index.ts';
import { CHAMPION, openRegistry, registryErrors } from '../../tracking/index.ts';
import { Since, fromOf } from './span.ts';

export const monitoredErrors = defineErrors({
  REFERENCE_NOT_FOUND: (f: { model: string; looked: readonly string[] }) =>
    `There is no reference to compare with: looked for ${f.looked.join(' and ')}. Train and register model ${f.model} first (npm start), or name a file with --reference.`,
});

/** What `monitor report` and `monitor check` take alike. */
export const monitoredShape = {
  since: Since.optional(),
  model: z.string().default('intent'),
  version: z.string().optional(),
  reference: z.string().optional(),
  out: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
};

/** Help for `monitoredShape`. */
export const MONITORED = {
  since: { type: 'string', help: 'predictions of the last 90m, 24h, 7d, or from a time on (default: all)' },
  model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
  version: { type: 'string', help: 'only predictions of this model version, as the log names it (default: all)' },
  reference: { type: 'string', short: 'r', help: "reference file (default: the champion's)" },
  out: { type: 'string', short: 'o', help: 'where to write the page (default <home>/monitoring/report.html)' },
  home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
  json: { type: 'boolean', help: 'print the result as JSON' },
} as const;

const monitoredArgs = z.object(monitoredShape);

/** Everything that a report is made of, and where its page goes. */
export interface Monitored {
  readonly home: string;
  /** Of the page. */
  readonly path: string;
  readonly report: {
    readonly reference: Reference;
    readonly folder: string;
    readonly now: number;
    readonly from?: number;
    readonly modelVersion?: string;
  };
  /** Writes the page. @returns its path. */
  publish(report: DriftReport, windows?: readonly LiveWindow[]): Promise<string>;
}

/** Rejects with `REFERENCE_NOT_FOUND`, and as `readReference` does. */
export async function monitoredBy(args: z.infer<typeof monitoredArgs>, io: Io): Promise<Monitored> {
  const home = resolve(io.cwd, args.home);
  const now = Date.now();
  const reference = await readReference(
    args.reference === undefined ? await findReference(home, args.model, io.env) : resolve(io.cwd, args.reference),
  );
  const path = args.out === undefined ? join(home, 'monitoring', 'report.html') : resolve(io.cwd, args.out);
  return {
    home,
    path,
    report: {
      reference,
      folder: predictionsIn(home),
      now,
      ...fromOf(args.since, now),
      ...(args.version === undefined ? {} : { modelVersion: args.version }),
    },
    async publish(report, windows) {
      await writeWhole(path, renderDriftPage(report, windows));
      return path;
    },
  };
}

/** The prediction log of a home. */
export function predictionsIn(home: string): string {
  return join(home, 'monitoring', 'predictions');
}

/** The reference that lies with the champion, or the one in the monitoring folder. */
async function findReference(home: string, model: string, env: Io['env']): Promise<string> {
  const registry = await openRegistry({ folder: join(home, 'models'), env });
  const champion = await registry.version(model, CHAMPION).catch((error: unknown) => {
    if (registryErrors.MODEL_VERSION_NOT_FOUND.is(error)) return undefined;
    throw error;
  });
  const looked = [
    ...(champion === undefined ? [] : [join(champion.folder, 'reference.json')]),
    join(home, 'monitoring', 'reference.json'),
  ];
  for (const path of looked) {
    const isThere = await stat(path).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
    if (isThere) return path;
  }
  throw monitoredErrors.REFERENCE_NOT_FOUND({ model, looked });
}
