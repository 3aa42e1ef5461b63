import * as z from 'zod';
import { type RunInfo, type RunStore, isInNamespace, readBrief, seconds } from '../../flow/index.ts';
import { mapAtMost } from '../../kernel/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  flow: z.string().optional(),
  tag: z.array(z.string()).default([]),
  limit: z.coerce.number().int().min(1).default(20),
  home: z.string().optional(),
  namespace: z.string().optional(),
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
    tag: { type: 'string', short: 't', multiple: true, help: 'only runs with this tag; may be repeated, all must fit' },
    limit: { type: 'string', short: 'n', help: 'how many at most (default 20)' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print the list as JSON' },
  },
  async run({ flow, tag: tags, limit, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store, namespace } = runs;
    const isMeant = (info: RunInfo): boolean =>
      isInNamespace(info, namespace) && tags.every((tag) => info.tags.includes(tag) || info.systemTags.includes(tag));
    const infos = await newest(store, flow === undefined ? await store.flows() : [flow], { isMeant, limit });
    const rows = await mapAtMost(infos, 64, async (info) => {
      const { state, steps, stepsDone, lastAt = info.createdAt } = await readBrief(store, info);
      return {
        flow: info.flow,
        run: info.run,
        state,
        createdAt: info.createdAt,
        milliseconds: lastAt - info.createdAt,
        stepsDone,
        steps,
        user: info.user,
        tags: info.tags,
        ...(info.origin === undefined ? {} : { origin: info.origin }),
      };
    });
    if (json) return io.out(JSON.stringify(rows));
    if (rows.length === 0) {
      const of = tags.length > 0 ? ` with ${tags.map((tag) => `'${tag}'`).join(' and ')}` : '';
      const own = namespace === '' ? '' : ` in the namespace ${namespace} (all: --namespace=)`;
      return io.out(`No runs${of} in ${store.location}${own}. Start one with: smallboat run flow.ts`);
    }
    const lines = textTable(
      ['run', 'state', 'began', 'took', 'steps', ...(namespace === '' ? ['user'] : []), 'tags'],
      rows.map((r) => [
        `${r.flow}/${r.run}`,
        r.state,
        new Date(r.createdAt).toISOString().slice(0, 19).replace('T', ' '),
        seconds(r.milliseconds),
        `${r.stepsDone}/${r.steps}`,
        ...(namespace === '' ? [r.user] : []),
        [...r.tags, ...(r.origin === undefined ? [] : [`continues ${r.origin}`])].join(', '),
      ]),
    );
    for (const line of lines) io.out(line);
  },
};

/** The newest runs of several flows that are meant, however many there are: of each flow only so many are read. */
async function newest(
  store: RunStore,
  flows: readonly string[],
  { isMeant, limit }: { readonly isMeant: (info: RunInfo) => boolean; readonly limit: number },
): Promise<readonly RunInfo[]> {
  const ofFlow = async (flow: string): Promise<RunInfo[]> => {
    const found: RunInfo[] = [];
    for await (const info of store.eachRun(flow)) {
      if (isMeant(info) && found.push(info) === limit) break;
    }
    return found;
  };
  const all = (await Promise.all(flows.map(ofFlow))).flat();
  return all.sort((a, b) => b.createdAt - a.createdAt || Number(b.run) - Number(a.run)).slice(0, limit);
}
