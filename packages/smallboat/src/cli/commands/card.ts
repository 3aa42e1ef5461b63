import * as z from 'zod';
import { openRunStore } from '../../flow/index.ts';
import type { Io } from '../../kernel/index.ts';
import { actionOf, isFlowFile } from '../card/target.ts';
import { type Command, usage } from '../command.ts';
import { flowSettings } from '../flow-settings.ts';

const schema = z.object({
  what: z.string().optional(),
  target: z.string().optional(),
  out: z.string().optional(),
  watch: z.boolean().default(false),
  template: z.string().optional(),
  default: z.boolean().default(false),
  type: z.string().optional(),
  id: z.string().optional(),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  home: z.string().optional(),
  json: z.boolean().default(false),
});

type Args = z.infer<typeof schema>;

/** `smallboat card intent/latest --out card.html` */
export const command: Command<typeof schema> = {
  name: 'card',
  summary: [
    'Write the card of a run, one HTML file, and print its path. Default: the latest run. With the file of a flow, the card of the flow itself.',
    '  card list [run]            list the cards that the store has of a run',
    '  card get <run/step/task>   print the page of a task, or of a run',
    '  card view <run or task>    write it and open it in the browser',
    '  card serve [run]           show cards at an address of this machine, those of runs that go on as they are now',
  ].join('\n'),
  example: 'smallboat card --out card.html',
  positionals: ['what', 'target'],
  schema,
  flags: {
    out: { type: 'string', short: 'o', help: 'where to write it (default <home>/cards/<flow>-<run>.html)' },
    watch: { type: 'boolean', short: 'w', help: 'show the run at an address of this machine while it goes on' },
    template: { type: 'string', help: 'a file that exports `card`, which makes the page of a run' },
    default: { type: 'boolean', help: 'the default card, also where the flow has one of its own' },
    type: { type: 'string', help: 'of a task with several cards: this kind' },
    id: { type: 'string', help: 'of a task with several cards: this one' },
    port: { type: 'string', short: 'p', help: 'port for serve and --watch (default: any free one)' },
    home: { type: 'string', help: 'folder that the runs are in (default .smallboat)' },
    json: { type: 'boolean', help: 'print paths, lists and addresses as JSON' },
  },
  async run(args, io) {
    const { home } = await flowSettings(args, io);
    const { action, target, extra } = actionOf([args.what, args.target]);
    if (extra !== undefined) throw usage(command, `Unexpected argument '${extra}'`);
    if (action === 'list') return (await import('../card/show.ts')).printList(home, target, io, args.json);
    if (action === 'serve' || args.watch) {
      const { serve } = await import('../card/show.ts');
      // To watch is to watch one run: the latest, where none is named.
      return serve(
        args.watch ? (target ?? '') : target,
        { home, port: args.port, isOpening: args.watch, json: args.json },
        io,
      );
    }
    return pages({ ...args, home, action, target }, io);
  },
};

async function pages(args: Args & { home: string; action: string; target: string | undefined }, io: Io): Promise<void> {
  const { home, action, target, json, out } = args;
  const { pageOf, writeFlow, writeRun } = await import('../card/write.ts');
  const options = { home, out, template: args.template, isDefault: args.default, type: args.type, id: args.id };
  if (action === 'get' && out === undefined) {
    const { findPath } = await import('../pathspec.ts');
    await using store = await openRunStore({ folder: home });
    return io.out(await pageOf(store, await findPath(store, target), options, io));
  }
  const written = isFlowFile(target, io) ? await writeFlow(target, options, io) : await fromStore();
  io.out(json ? JSON.stringify(written) : written.path);
  if (action === 'view') (await import('../card/browser.ts')).openInBrowser(written.path, io);

  async function fromStore() {
    await using store = await openRunStore({ folder: home });
    return writeRun(store, target, options, io);
  }
}
