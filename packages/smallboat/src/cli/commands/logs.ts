import * as z from 'zod';
import type { TaskView } from '../../flow/index.ts';
import type { Io } from '../../kernel/index.ts';
import { type Command, usage } from '../command.ts';
import { type Runs, openRuns, runsFlags } from '../open-runs.ts';

const schema = z.object({
  what: z.string().optional(),
  path: z.string().optional(),
  attempt: z.coerce.number().int().min(0).optional(),
  stdout: z.boolean().default(false),
  stderr: z.boolean().default(false),
  running: z.boolean().default(false),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat logs intent/latest/train` */
export const command: Command<typeof schema> = {
  name: 'logs',
  summary: [
    'Print what the tasks of a run, a step or one task logged, every attempt. Default: the latest run.',
    '  logs scrub <run/step>   delete it, a secret that was printed say, and leave a line that says so',
  ].join('\n'),
  example: 'smallboat logs intent/latest/train',
  positionals: ['what', 'path'],
  schema,
  flags: {
    attempt: { type: 'string', help: 'only this attempt, from 0' },
    stdout: { type: 'boolean', help: 'only standard output and log()' },
    stderr: { type: 'boolean', help: 'only standard error' },
    running: { type: 'boolean', help: 'of scrub: tasks that still run too; they may print more' },
    ...runsFlags,
    json: { type: 'boolean', help: 'print one JSON object a log' },
  },
  async run({ what, path, ...args }, io) {
    const isScrub = what === 'scrub';
    if (!isScrub && path !== undefined) throw usage(command, `Unexpected argument '${path}'`);
    if (isScrub && path === undefined) throw usage(command, 'Say whose logs to delete: a run, a step or a task');
    await using runs = await openRuns(args, io);
    const { tasks } = await runs.find(isScrub ? path : what);
    await (isScrub ? scrub : print)(tasks, args, { runs, io });
  },
};

type Args = Omit<z.infer<typeof schema>, 'what' | 'path'>;

interface Host {
  readonly runs: Runs;
  readonly io: Io;
}

async function print(tasks: readonly TaskView[], args: Args, { runs: { store }, io }: Host): Promise<void> {
  for (const { task, attempt, stream } of logsOf(tasks, args)) {
    const { name, attempts, path } = task;
    const text = await store.readLog(path, attempt, stream);
    if (text === '') continue;
    if (args.json) {
      io.out(JSON.stringify({ ...path, name, attempt, stream, text }));
      continue;
    }
    const before = prefix(tasks.length, attempts, { name, number: attempt });
    for (const line of text.replace(/\n$/, '').split('\n')) io.out(before + line);
  }
}

async function scrub(tasks: readonly TaskView[], args: Args, { runs: { store }, io }: Host): Promise<void> {
  const left = args.running ? [] : tasks.filter(({ state }) => state === 'running');
  let logs = 0;
  for (const { task, attempt, stream } of logsOf(tasks, args)) {
    if (left.includes(task)) continue;
    const bytes = await store.scrubLog(task.path, attempt, stream);
    if (bytes === 0) continue;
    logs += 1;
    if (args.json) io.out(JSON.stringify({ ...task.path, name: task.name, attempt, stream, bytes }));
  }
  for (const { name } of left) io.err(`${name} still runs: its logs stay. --running deletes what is there now.`);
  if (!args.json) {
    io.out(`Deleted ${logs} ${logs === 1 ? 'log' : 'logs'}. Cards that were made before still show what was logged.`);
  }
}

function* logsOf(tasks: readonly TaskView[], { attempt: wanted, stdout, stderr }: Args) {
  const streams = (['stdout', 'stderr'] as const).filter(
    (s) => stdout === stderr || (s === 'stdout' ? stdout : stderr),
  );
  for (const task of tasks) {
    for (let attempt = 0; attempt < task.attempts; attempt += 1) {
      if (wanted !== undefined && attempt !== wanted) continue;
      for (const stream of streams) yield { task, attempt, stream };
    }
  }
}

function prefix(tasks: number, attempts: number, { name, number }: { name: string; number: number }): string {
  if (tasks === 1 && attempts === 1) return '';
  return attempts === 1 ? `[${name}] ` : `[${name} attempt ${number}] `;
}
