import { join, resolve } from 'node:path';
import * as z from 'zod';
import { openRunStore, writeRunCard } from '../../flow/index.ts';
import type { Command } from '../command.ts';
import { flowSettings } from '../flow-settings.ts';
import { findPath } from '../pathspec.ts';

const schema = z.object({
  run: z.string().optional(),
  out: z.string().optional(),
  home: z.string().optional(),
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
    home: { type: 'string', help: 'folder that the runs are in (default .smallboat)' },
    json: { type: 'boolean', help: 'print the path as JSON' },
  },
  async run({ run: given, out, json, ...args }, io) {
    const { home } = await flowSettings(args, io);
    await using store = await openRunStore({ folder: home });
    const { info } = (await findPath(store, given)).view;
    const { flow, run } = info;
    const path = out === undefined ? join(home, 'cards', `${flow}-${run}.html`) : resolve(io.cwd, out);
    await writeRunCard({ store, flow, run, path });
    io.out(json ? JSON.stringify({ flow, run, path }) : path);
  },
};
