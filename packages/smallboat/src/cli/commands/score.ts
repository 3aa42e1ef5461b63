import { join, resolve } from 'node:path';
import * as z from 'zod';
import { CHAMPION, localRegistry } from '../../tracking/index.ts';
import { loadModel, scoreTable } from '../../training/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';

const schema = z.object({
  into: z.string().default('public.predictions'),
  events: z.string().default('public.distinct_events'),
  products: z.string().default('public.content_flattened'),
  all: z.boolean().default(false),
  model: z.string().default('intent'),
  version: z.string().default(CHAMPION),
  folder: z.string().optional(),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat score`: the probabilities of all open sessions, written to a table. */
export const command: Command<typeof schema> = {
  name: 'score',
  summary: 'Score the sessions of a table that have not bought yet, and write the probabilities to another.',
  example: 'smallboat score --into public.predictions',
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    into: { type: 'string', help: 'table that is made, replaced if it is there (default public.predictions)' },
    events: { type: 'string', help: 'table of events (default public.distinct_events)' },
    products: { type: 'string', help: 'table of products, for their prices (default public.content_flattened)' },
    all: { type: 'boolean', help: 'sessions without an add too (default: those with one, as the model learned from)' },
    model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
    version: { type: 'string', help: `its version or alias (default ${CHAMPION})` },
    folder: { type: 'string', short: 'f', help: 'a model folder, in place of a registered model' },
    warehouse: {
      type: 'string',
      short: 'w',
      help: 'URL of the warehouse (default: WAREHOUSE_URL, or <home>/warehouse.duckdb)',
    },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the result as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const folder =
      args.folder === undefined
        ? (await localRegistry({ folder: join(home, 'models') }).version(args.model, args.version)).folder
        : resolve(io.cwd, args.folder);
    const model = await loadModel(folder);
    await using warehouse = await openWarehouse(args.warehouse ?? `duckdb:${join(home, 'warehouse.duckdb')}`, {
      cwd: io.cwd,
      waitSeconds: 60,
    });
    const { sessions, seconds } = await scoreTable(warehouse, model, {
      relation: args.events,
      products: args.products,
      into: args.into,
      onlyCarts: !args.all,
      onProgress: drawProgress(io),
    });
    const version = model.manifest.version;
    if (args.json) io.out(JSON.stringify({ into: args.into, sessions, seconds, model: version }));
    else
      io.out(
        `${sessions.toLocaleString('en')} sessions scored by model ${version} in ${seconds.toFixed(1)} s, in ${args.into} of ${warehouse.location}`,
      );
  },
};
