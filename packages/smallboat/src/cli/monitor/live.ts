import { resolve } from 'node:path';
import * as z from 'zod';
import { liveWindows } from '../../monitoring/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { predictionsIn } from './monitored.ts';
import { Length, Since, fromOf } from './span.ts';

const schema = z.object({
  since: Since.optional(),
  window: Length.default(86_400_000),
  maturity: Length.default(86_400_000),
  'missing-is-no': z.boolean().default(false),
  version: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat monitor live`: what predictions were worth, window by window, as far as their outcome is settled. */
export const live: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor live',
  summary: 'Measure ROC-AUC, log loss and calibration over windows of time, as labels mature.',
  example: 'smallboat monitor live --window 1d --maturity 24h',
  schema,
  fromSettings: ['home'],
  flags: {
    since: { type: 'string', help: 'predictions of the last 90m, 24h, 7d, or from a time on (default: all)' },
    window: { type: 'string', help: 'length of a window (default 1d)' },
    maturity: { type: 'string', help: 'how long after a prediction its outcome is settled (default 24h)' },
    'missing-is-no': { type: 'boolean', help: 'a settled prediction without feedback is one without purchase' },
    version: { type: 'string', help: 'only predictions of this model version (default: all)' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the windows as JSON' },
  },
  async run(args, io) {
    const now = Date.now();
    const windows = await liveWindows({
      folder: predictionsIn(resolve(io.cwd, args.home)),
      now,
      windowMs: args.window,
      maturityMs: args.maturity,
      missing: args['missing-is-no'] ? 'negative' : 'unknown',
      ...fromOf(args.since, now),
      ...(args.version === undefined ? {} : { modelVersion: args.version }),
    });
    if (args.json) io.out(JSON.stringify(windows, null, 2));
    else if (windows.length === 0) io.out('No predictions in the log.');
    else {
      const columns = [
        'from (UTC)',
        'predictions',
        'labelled',
        'bought',
        'ROC-AUC',
        '±',
        'log loss',
        'calibration',
        '',
      ];
      const rows = windows.map(({ from, predictions, labelled, isSettled, performance: p }) => [
        new Date(from).toISOString().slice(0, 16).replace('T', ' '),
        predictions,
        labelled,
        figure(p.rate),
        figure(p.rocAuc),
        figure(p.rocAucError),
        figure(p.logLoss),
        labelled === 0 ? null : figure(p.calibrationError),
        isSettled ? '' : 'still maturing',
      ]);
      for (const line of textTable(columns, rows, { width: Math.max(80, io.columns) })) io.out(line);
    }
  },
};

function figure(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toFixed(4));
}
