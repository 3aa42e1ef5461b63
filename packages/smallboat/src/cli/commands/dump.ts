import { inspect } from 'node:util';
import * as z from 'zod';
import { type ArtifactKeys, shownArtifact } from '../../flow/index.ts';
import { defineErrors } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';
import { summaryOf, toJson } from '../summary.ts';

export const dumpErrors = defineErrors({
  NO_SUCH_ARTIFACT: (f: { name: string; known: string }) =>
    `There is no artifact '${f.name}' there. There is: ${f.known || 'none'}.`,
});

const schema = z.object({
  path: z.string().optional(),
  name: z.string().optional(),
  full: z.boolean().default(false),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat dump intent/latest/train --name trial` */
export const command: Command<typeof schema> = {
  name: 'dump',
  summary: 'Print artifacts of a run (its result), a step or a task. Default: the result of the latest run.',
  example: 'smallboat dump intent/latest/train --name trial',
  positionals: ['path'],
  schema,
  flags: {
    name: { type: 'string', short: 'n', help: 'only this artifact' },
    full: { type: 'boolean', help: 'whole values, however long' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print one JSON object: artifacts by task' },
  },
  async run({ path, name, full, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store } = runs;
    const { view, tasks, step } = await runs.find(path);
    const { info } = view;
    const sources: { readonly title: string; readonly artifacts: ArtifactKeys }[] =
      step === undefined
        ? [{ title: `${info.flow}/${info.run}`, artifacts: { ...view.params, ...view.result } }]
        : tasks.map((t) => ({ title: t.name, artifacts: t.artifacts }));
    const known = [...new Set(sources.flatMap(({ artifacts }) => Object.keys(artifacts)))];
    if (name !== undefined && !known.includes(name))
      throw dumpErrors.NO_SUCH_ARTIFACT({ name, known: known.join(', ') });
    const found: Record<string, Record<string, unknown>> = {};
    for (const { title, artifacts } of sources) {
      const values: Record<string, unknown> = {};
      for (const [artifact, key] of Object.entries(artifacts)) {
        if (name === undefined || artifact === name) values[artifact] = await shownArtifact(store, info.flow, key);
      }
      found[title] = values;
    }
    if (json) return io.out(JSON.stringify(toJson(found, full)));
    for (const [title, values] of Object.entries(found)) {
      if (sources.length > 1) io.out(title);
      for (const [artifact, value] of Object.entries(values))
        io.out(`${artifact} = ${full ? whole(value) : summaryOf(value)}`);
    }
  },
};

function whole(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
}
