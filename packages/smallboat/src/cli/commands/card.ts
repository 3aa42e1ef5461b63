import * as z from 'zod';
import { actionOf, isFlowFile } from '../card/target.ts';
import { type Command, usage } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

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
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

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
    ...runsFlags,
    json: { type: 'boolean', help: 'print paths, lists and addresses as JSON' },
  },
  async run(args, io) {
    const { json, watch, port } = args;
    const { action, target, extra } = actionOf([args.what, args.target]);
    if (extra !== undefined) throw usage(command, `Unexpected argument '${extra}'`);
    await using runs = await openRuns(args, io);
    if (action === 'list') return (await import('../card/show.ts')).printList(runs, target, io, json);
    if (action === 'serve' || watch) {
      const { serve } = await import('../card/show.ts');
      // To watch is to watch one run: the latest, where none is named.
      return serve(runs, watch ? (target ?? '') : target, { port, isOpening: watch, json }, io);
    }
    const { pageOf, writeFlow, writeRun } = await import('../card/write.ts');
    const options = { out: args.out, template: args.template, isDefault: args.default, type: args.type, id: args.id };
    if (action === 'get' && args.out === undefined) return io.out(await pageOf(runs, target, options, io));
    const written = isFlowFile(target, io)
      ? await writeFlow(runs, target, options, io)
      : await writeRun(runs, target, options, io);
    io.out(json ? JSON.stringify(written) : written.path);
    if (action === 'view') (await import('../card/browser.ts')).openInBrowser(written.path, io);
  },
};
