import * as z from 'zod';
import { openRunStore, readRun, seconds } from '../../flow/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { flowSettings } from '../flow-settings.ts';

const schema = z.object({
  flow: z.string().optional(),
  tag: z.string().optional(),
  limit: z.coerce.number().int().min(1).default(20),
  home: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat runs intent` */
export const command: Command<typeof schema> = {
  name: 'runs',
  summary: 'List runs, newest first: state, beginning, time, steps done.',
  example: 'smallboat runs --limit 5',
  positionals: ['flow'],
  schema,
  flags: {
    tag: { type: 'string', short: 't', help: 'only runs with this tag' },
    limit: { type: 'string', short: 'n', help: 'how many at most (default 20)' },
    home: { type: 'string', help: 'folder that the runs are in (default .smallboat)' },
    json: { type: 'boolean', help: 'print the list as JSON' },
  },
  async run({ flow, tag, limit, json, ...args }, io) {
    const { home } = await flowSettings(args, io);
    await using store = await openRunStore({ folder: home });
    const flows = flow === undefined ? await store.flows() : [flow];
    const infos = (await Promise.all(flows.map((name) => store.runs(name))))
      .flat()
      .filter((info) => tag === undefined || info.tags.includes(tag))
      .sort((a, b) => Number(b.run) - Number(a.run))
      .slice(0, limit);
    const rows = await Promise.all(
      infos.map(async (info) => {
        const { state, steps } = await readRun(store, info);
        const ends = steps.flatMap((s) => s.tasks).map((t) => t.endedAt ?? t.startedAt);
        return {
          flow: info.flow,
          run: info.run,
          state,
          createdAt: info.createdAt,
          milliseconds: ends.length === 0 ? 0 : Math.max(...ends) - info.createdAt,
          stepsDone: steps.filter((s) => s.state === 'done').length,
          steps: steps.length,
          tags: info.tags,
          ...(info.origin === undefined ? {} : { origin: info.origin }),
        };
      }),
    );
    if (json) return io.out(JSON.stringify(rows));
    if (rows.length === 0) return io.out(`No runs in ${store.location}. Start one with: smallboat run flow.ts`);
    const lines = textTable(
      ['run', 'state', 'began', 'took', 'steps', 'tags'],
      rows.map((r) => [
        `${r.flow}/${r.run}`,
        r.state,
        new Date(r.createdAt).toISOString().slice(0, 19).replace('T', ' '),
        seconds(r.milliseconds),
        `${r.stepsDone}/${r.steps}`,
        [...r.tags, ...(r.origin === undefined ? [] : [`continues ${r.origin}`])].join(', '),
      ]),
    );
    for (const line of lines) io.out(line);
  },
};
