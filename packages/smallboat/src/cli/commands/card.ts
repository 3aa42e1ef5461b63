import { join, resolve } from 'node:path';
import * as z from 'zod';
import { writeRunCard } from '../../flow/index.ts';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  run: z.string().optional(),
  out: z.string().optional(),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat card intent/latest --out card.html` */
export const command: Command<typeof schema> = {
  name: 'card',
  summary: 'Write the card of a run, one HTML file, and print its path. Default: the latest run.',
  example: 'smallboat card --out card.html',
  positionals: ['run'],
  schema,
  flags: {
    out: { type: 'string', short: 'o', help: 'where to write it (default <home>/cards/<flow>-<run>.html)' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print the path as JSON' },
  },
  async run({ run: given, out, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store, home } = runs;
    const { info } = (await runs.find(given)).view;
    const { flow, run } = info;
    const path = out === undefined ? join(home, 'cards', `${flow}-${run}.html`) : resolve(io.cwd, out);
    await writeRunCard({ store, flow, run, path });
    io.out(json ? JSON.stringify({ flow, run, path }) : path);
  },
};
