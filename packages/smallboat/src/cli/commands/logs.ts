import * as z from 'zod';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  path: z.string().optional(),
  attempt: z.coerce.number().int().min(0).optional(),
  stdout: z.boolean().default(false),
  stderr: z.boolean().default(false),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat logs intent/latest/train` */
export const command: Command<typeof schema> = {
  name: 'logs',
  summary: 'Print what the tasks of a run, a step or one task logged, every attempt. Default: the latest run.',
  example: 'smallboat logs intent/latest/train',
  positionals: ['path'],
  schema,
  flags: {
    attempt: { type: 'string', help: 'only this attempt, from 0' },
    stdout: { type: 'boolean', help: 'only standard output and log()' },
    stderr: { type: 'boolean', help: 'only standard error' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print one JSON object a log' },
  },
  async run({ path, attempt, stdout, stderr, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store } = runs;
    const { tasks } = await runs.find(path);
    const streams = (['stdout', 'stderr'] as const).filter(
      (s) => stdout === stderr || (s === 'stdout' ? stdout : stderr),
    );
    for (const { name, attempts, path: at } of tasks) {
      for (let number = 0; number < attempts; number += 1) {
        if (attempt !== undefined && number !== attempt) continue;
        for (const stream of streams) {
          const text = await store.readLog(at, number, stream);
          if (text === '') continue;
          if (json) io.out(JSON.stringify({ ...at, name, attempt: number, stream, text }));
          else
            for (const line of text.replace(/\n$/, '').split('\n'))
              io.out(prefix(tasks.length, attempts, { name, number }) + line);
        }
      }
    }
  },
};

function prefix(tasks: number, attempts: number, { name, number }: { name: string; number: number }): string {
  if (tasks === 1 && attempts === 1) return '';
  return attempts === 1 ? `[${name}] ` : `[${name} attempt ${number}] `;
}
