import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { defineErrors } from '../../kernel/index.ts';
import type { DriftReport } from '../../monitoring/index.ts';
import { driftReport, liveWindows } from '../../monitoring/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { Length } from './span.ts';
import { MONITORED, monitoredBy, monitoredShape } from './monitored.ts';

export const monitorErrors = defineErrors({
  DRIFT_FOUND: (f: { sentence: string; page: string }) => `${f.sentence} See ${f.page}.`,
});

const schema = z.object({
  ...monitoredShape,
  window: Length.default(86_400_000),
  maturity: Length.default(86_400_000),
  'fail-on-drift': z.boolean().default(false),
});

/** `smallboat monitor report`: live predictions against the reference, as a page and in the terminal. */
export const report: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor report',
  summary: 'Compare the logged predictions with the reference of the champion, and write a page.',
  example: 'smallboat monitor report --since 24h',
  schema,
  fromSettings: ['home'],
  flags: {
    ...MONITORED,
    window: { type: 'string', help: 'length of the windows in which labels are counted on the page (default 1d)' },
    maturity: { type: 'string', help: 'how long after a prediction its outcome is settled (default 24h)' },
    'fail-on-drift': { type: 'boolean', help: 'exit with 1 if there is drift' },
  },
  async run(args, io) {
    const monitored = await monitoredBy(args, io);
    const made = await driftReport(monitored.report);
    const windows = await liveWindows({ ...monitored.report, windowMs: args.window, maturityMs: args.maturity });
    const path = await monitored.publish(made, windows);
    if (args.json) io.out(JSON.stringify({ ...made, page: path }, null, 2));
    else printReport(made, path, io);
    if (args['fail-on-drift'] && (made.status === 'drift' || made.performance?.status === 'worse')) {
      const sentence = made.status === 'drift' ? made.sentence : (made.performance?.sentence ?? '');
      throw monitorErrors.DRIFT_FOUND({ sentence, page: path });
    }
  },
};

/** A report in the terminal: verdicts, a line for each feature, where the page is. */
export function printReport(made: DriftReport, path: string, io: Io): void {
  io.out(made.sentence);
  if (made.performance !== undefined) io.out(made.performance.sentence);
  if (made.estimated !== undefined) io.out(made.estimated.sentence);
  io.out('');
  const rows = made.features.map((f) => [f.feature, f.status, f.psi, f.test.adjustedP, f.meaning]);
  for (const line of textTable(['feature', 'verdict', 'PSI', 'p', 'what it is'], rows, {
    width: Math.max(80, io.columns),
  }))
    io.out(line);
  io.out('');
  if (made.dropped > 0) io.err(`The log had to drop ${made.dropped} records.`);
  if (made.problemCount > 0) io.err(`${made.problemCount} lines of the log could not be read; the page lists them.`);
  io.out(`Page: ${path}`);
}
