import { join, resolve } from 'node:path';
import { stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { defineErrors, isMissing, writeWhole } from '../../kernel/index.ts';
import type { DriftReport } from '../../monitoring/index.ts';
import { driftReport, readReference, renderDriftPage } from '../../monitoring/index.ts';
import { textTable } from '../../report/index.ts';
import { CHAMPION, openRegistry, registryErrors } from '../../tracking/index.ts';
import type { Command } from '../command.ts';

export const monitorErrors = defineErrors({
  DRIFT_FOUND: (f: { sentence: string; page: string }) => `${f.sentence} See ${f.page}.`,
  REFERENCE_NOT_FOUND: (f: { model: string; looked: readonly string[] }) =>
    `There is no reference to compare with: looked for ${f.looked.join(' and ')}. Train and register model ${f.model} first (npm start), or name a file with --reference.`,
});

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time (`90m`, `24h`, `7d`) in milliseconds, or a point of time (ISO 8601). */
const Since = z.string().transform((text, context) => {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return { ago: Number(count) * (UNITS[unit] ?? 0) };
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return { at };
  context.addIssue({ code: 'custom', message: 'should be 90m, 24h, 7d or a time like 2026-11-24T10:00:00Z' });
  return z.NEVER;
});

const schema = z.object({
  action: z.enum(['report']),
  since: Since.optional(),
  model: z.string().default('intent'),
  version: z.string().optional(),
  reference: z.string().optional(),
  out: z.string().optional(),
  'fail-on-drift': z.boolean().default(false),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat monitor report`: live predictions against the reference, as a page and in the terminal. */
export const monitor: Command<typeof schema> = {
  name: 'monitor',
  summary: 'Compare the logged predictions with the reference of the champion, and write a page.',
  example: 'smallboat monitor report --since 24h',
  positionals: ['action'],
  schema,
  fromSettings: ['home'],
  flags: {
    since: { type: 'string', help: 'predictions of the last 90m, 24h, 7d, or from a time on (default: all)' },
    model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
    version: { type: 'string', help: 'only predictions of this model version, as the log names it (default: all)' },
    reference: { type: 'string', short: 'r', help: "reference file (default: the champion's)" },
    out: { type: 'string', short: 'o', help: 'where to write the page (default <home>/monitoring/report.html)' },
    'fail-on-drift': { type: 'boolean', help: 'exit with 1 if there is drift' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const now = Date.now();
    const reference = await readReference(
      args.reference === undefined ? await findReference(home, args.model, io.env) : resolve(io.cwd, args.reference),
    );
    const from = args.since === undefined ? undefined : 'at' in args.since ? args.since.at : now - args.since.ago;
    const report = await driftReport({
      reference,
      folder: join(home, 'monitoring', 'predictions'),
      now,
      ...(from === undefined ? {} : { from }),
      ...(args.version === undefined ? {} : { modelVersion: args.version }),
    });
    const path = args.out === undefined ? join(home, 'monitoring', 'report.html') : resolve(io.cwd, args.out);
    await writeWhole(path, renderDriftPage(report));
    if (args.json) io.out(JSON.stringify({ ...report, page: path }, null, 2));
    else print(report, path, io);
    if (args['fail-on-drift'] && (report.status === 'drift' || report.performance?.status === 'worse')) {
      const sentence = report.status === 'drift' ? report.sentence : (report.performance?.sentence ?? '');
      throw monitorErrors.DRIFT_FOUND({ sentence, page: path });
    }
  },
};

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
  throw monitorErrors.REFERENCE_NOT_FOUND({ model, looked });
}

function print(report: DriftReport, path: string, io: Io): void {
  io.out(report.sentence);
  if (report.performance !== undefined) io.out(report.performance.sentence);
  io.out('');
  const rows = report.features.map((f) => [f.feature, f.status, f.psi, f.test.adjustedP, f.meaning]);
  for (const line of textTable(['feature', 'verdict', 'PSI', 'p', 'what it is'], rows, {
    width: Math.max(80, io.columns),
  }))
    io.out(line);
  io.out('');
  if (report.dropped > 0) io.err(`The log had to drop ${report.dropped} records.`);
  if (report.problemCount > 0)
    io.err(`${report.problemCount} lines of the log could not be read; the page lists them.`);
  io.out(`Page: ${path}`);
}
