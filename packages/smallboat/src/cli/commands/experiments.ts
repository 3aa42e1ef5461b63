import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { ReportCell } from '../../report/index.ts';
import { textTable } from '../../report/index.ts';
import type { RunQuery, TrackedRunInfo } from '../../tracking/index.ts';
import { localTracker } from '../../tracking/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  experiment: z.string().optional(),
  best: z.string().optional(),
  lowest: z.boolean().default(false),
  limit: z.coerce.number().int().positive().default(20),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat experiments`: the tracked runs with their parameters and metrics. */
export const experiments: Command<typeof schema> = {
  name: 'experiments',
  summary: 'List tracked runs with their parameters and metrics.',
  example: 'smallboat experiments --experiment intent --best validationAuc',
  schema,
  fromSettings: ['home'],
  flags: {
    experiment: { type: 'string', short: 'e', help: 'only runs of this experiment (default: all)' },
    best: { type: 'string', help: 'order by the best value of this metric, highest first (default: latest first)' },
    lowest: { type: 'boolean', help: 'with --best: lowest first' },
    limit: { type: 'string', help: 'runs of each experiment at most (default 20)' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run({ experiment, best, lowest, limit, home, json }, io) {
    const tracker = localTracker({ folder: join(resolve(io.cwd, home), 'tracking') });
    const query: RunQuery = {
      limit,
      ...(best === undefined ? {} : { best: { metric: best, is: lowest ? 'lowest' : 'highest' } }),
    };
    const found: TrackedRunInfo[] = [];
    for (const name of experiment === undefined ? await tracker.experiments() : [experiment]) {
      found.push(...(await tracker.runs(name, query)));
    }
    if (json) return io.out(JSON.stringify(found, null, 2));
    if (found.length === 0) {
      return io.out(
        `No tracked runs${experiment === undefined ? '' : ` of experiment ${experiment}`} in ${tracker.location}.`,
      );
    }
    for (const [i, name] of [...new Set(found.map((r) => r.experiment))].entries()) {
      if (i > 0) io.out('');
      io.out(`Experiment ${name}`);
      for (const line of table(found.filter((r) => r.experiment === name))) io.out(line);
    }
    for (const run of found) for (const problem of run.problems) io.err(`${run.id}: ${problem}`);
  },
};

function table(runs: readonly TrackedRunInfo[]): readonly string[] {
  const params = [...new Set(runs.flatMap((r) => Object.keys(r.params)))];
  const metrics = [...new Set(runs.flatMap((r) => Object.keys(r.metrics)))];
  const columns = ['run', 'name', 'status', 'started', 'params', ...metrics.map(headingOf)];
  const rows = runs.map((run): readonly ReportCell[] => [
    run.id,
    run.name === run.id ? '' : run.name,
    run.status,
    new Date(run.startedAt).toISOString().slice(0, 16).replace('T', ' '),
    params.flatMap((name) => (name in run.params ? [`${name}=${String(run.params[name])}`] : [])).join(' '),
    ...metrics.map((name) => bestOf(run, name)),
  ]);
  return textTable(columns, rows);
}

/** A metric is shown by its best value: a loss or an error by its lowest, anything else by its highest. */
const isLowBetter = (name: string): boolean => /loss|error|rmse|mae|mse|brier/i.test(name);

function headingOf(name: string): string {
  return `${name} ${isLowBetter(name) ? '↓' : '↑'}`;
}

function bestOf(run: TrackedRunInfo, name: string): ReportCell {
  const metric = run.metrics[name];
  return metric === undefined ? null : isLowBetter(name) ? metric.min : metric.max;
}
