import * as z from 'zod';
import { whyTask } from '../../flow/index.ts';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  path: z.string().optional(),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat why intent/1795433364090388/train` */
export const command: Command<typeof schema> = {
  name: 'why',
  summary: 'Say why the tasks of a run or a step were run, or where --cache took them from. Default: the latest run.',
  example: 'smallboat why intent/latest/train',
  positionals: ['path'],
  schema,
  flags: {
    ...runsFlags,
    json: { type: 'boolean', help: 'print the reasons as JSON' },
  },
  async run({ path, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store } = runs;
    const { view, step } = await runs.find(path);
    const { flow, run } = view.info;
    for (const { name } of view.steps) {
      if (step !== undefined && name !== step) continue;
      for (const why of await whyTask(store, { flow, run, step: name }, io.cwd)) {
        io.out(json ? JSON.stringify({ flow, run, ...why }) : `${why.task}: ${why.reason}`);
      }
    }
  },
};
