import * as z from 'zod';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  what: z.enum(['list', 'add', 'remove', 'replace'], 'say list, add, remove or replace').default('list'),
  run: z.string().optional(),
  tag: z.array(z.string()).default([]),
  with: z.array(z.string()).default([]),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat tag add intent/latest --tag prod` */
export const command: Command<typeof schema> = {
  name: 'tag',
  summary:
    'List the tags of a run, add some, remove some, or replace some with others at once. Default: the latest run. System tags stay.',
  example: 'smallboat tag replace intent/latest --tag candidate --with prod',
  positionals: ['what', 'run'],
  schema,
  flags: {
    tag: {
      type: 'string',
      short: 't',
      multiple: true,
      help: 'the tag to add, to remove or to replace; may be repeated',
    },
    with: { type: 'string', multiple: true, help: 'of replace: the tag in its place; may be repeated' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print the tags as JSON' },
  },
  async run({ what, run: path, tag: tags, with: others, json, ...args }, io) {
    if (what !== 'list' && tags.length === 0) throw usage(command, `--tag: name the tag to ${what}`);
    if (what === 'replace' && others.length === 0) throw usage(command, '--with: name the tag in its place');
    await using runs = await openRuns(args, io);
    const { info } = (await runs.find(path)).view;
    const { flow, run } = info;
    const now =
      what === 'list'
        ? info.tags
        : await runs.store.changeTags(
            { flow, run },
            what === 'add' ? { add: tags } : { remove: tags, ...(what === 'replace' ? { add: others } : {}) },
          );
    if (json) return io.out(JSON.stringify({ flow, run, tags: now, systemTags: info.systemTags }));
    io.out(`${flow}/${run}: ${now.length === 0 ? 'no tags' : now.join(', ')}`);
    if (what === 'list') io.out(`system: ${info.systemTags.join(', ')}`);
  },
};
