import { join, resolve } from 'node:path';
import * as z from 'zod';
import { textTable } from '../../report/index.ts';
import type { SyncedRun } from '../../tracking/index.ts';
import { destinationsOf, endedTracker, localTracker, syncTracked } from '../../tracking/index.ts';
import { defineErrors } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { loadSettings } from '../../config/index.ts';

const schema = z.object({
  what: z.enum(['sync', 'status'], 'say sync or status').default('status'),
  experiment: z.string().optional(),
  run: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

export const trackErrors = defineErrors({
  TRACK_SYNC_FAILED: (f: { runs: number; problem: string }) =>
    `${f.runs === 1 ? 'A tracked run was' : `${f.runs} tracked runs were`} not sent, or not whole. ${f.problem}`,
});

/** `smallboat track sync`: sends what tracking systems have not got. */
export const command: Command<typeof schema> = {
  name: 'track',
  summary:
    'Send tracked runs to the tracking systems that the environment configures (sync), or say what is left to send (status). Exits with 1 if something could not be sent.',
  example: 'smallboat track sync',
  positionals: ['what'],
  schema,
  fromSettings: ['home'],
  flags: {
    experiment: { type: 'string', short: 'e', help: 'only runs of this experiment (default: all)' },
    run: { type: 'string', help: 'only this run, and those that it is a part of' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run({ what, experiment, run, home, json }, io) {
    const folder = join(resolve(io.cwd, home), 'tracking');
    const tracker = localTracker({ folder });
    const { trackers } = await loadSettings({ folder: io.cwd, env: io.env });
    const destinations = await destinationsOf({ folder, env: io.env, ...(trackers === undefined ? {} : { trackers }) });
    const ended = endedTracker(io.env);
    if (ended !== undefined) io.err(ended);
    if (destinations.length === 0) {
      const problem = 'No tracking system is configured: set MLFLOW_TRACKING_URI, WANDB_API_KEY or COMET_API_KEY';
      throw usage(command, problem);
    }
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    const synced = await syncTracked(tracker, {
      destinations,
      signal: stop.signal,
      isDry: what === 'status',
      ...(experiment === undefined ? {} : { experiment }),
      ...(run === undefined ? {} : { run }),
    });
    if (json) io.out(JSON.stringify(synced, null, 2));
    else if (synced.length === 0)
      io.out(`${destinations.map((d) => d.location).join(' and ')}: nothing is left to send.`);
    else for (const line of table(synced)) io.out(line);
    const failed = synced.filter((one) => one.outcome === 'failed');
    if (failed.length > 0)
      throw trackErrors.TRACK_SYNC_FAILED({ runs: failed.length, problem: failed[0]?.problem ?? '' });
  },
};

function table(synced: readonly SyncedRun[]): readonly string[] {
  const rows = synced.map(({ run, experiment, destination, outcome, lines, refused, problem }) => [
    experiment,
    run,
    destination,
    outcome,
    outcome === 'sent' ? lines : null,
    problem ?? refused.map((one) => `refused ${one.line}: ${one.problem}`).join('; '),
  ]);
  return textTable(['experiment', 'run', 'to', 'outcome', 'lines', ''], rows);
}
