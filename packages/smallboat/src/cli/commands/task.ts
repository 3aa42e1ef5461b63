import { spawn } from 'node:child_process';
import * as z from 'zod';
import { bootstrapCommand } from '../../flow/compute/index.ts';
import { type Command, usage } from '../command.ts';

const schema = z.object({
  order: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat task`: what jobs run, for those who start containers themselves. */
export const command: Command<typeof schema> = {
  name: 'task',
  summary: 'Run the one task that SMALLBOAT_TASK names, as the containers of AWS Batch and Kubernetes do.',
  example: 'smallboat task --order "$SMALLBOAT_TASK"',
  schema,
  flags: {
    order: { type: 'string', help: 'the order, JSON (default: SMALLBOAT_TASK)' },
    json: { type: 'boolean', help: 'print how it ended as JSON, after what the task prints' },
  },
  async run({ order, json }, io) {
    const given = order ?? io.env['SMALLBOAT_TASK'];
    if (given === undefined) throw usage({ name: 'task' }, '--order: give it, or set SMALLBOAT_TASK');
    const [program = '', ...args] = await bootstrapCommand();
    const child = spawn(program, args, { stdio: 'inherit', env: { ...io.env, SMALLBOAT_TASK: given } });
    // Whoever tells this process to end means the task.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
    const exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 143)));
    if (json) io.out(JSON.stringify({ exitCode }));
    // Commands end with 0, 1 or 2; how a task ends says more.
    process.on('exit', () => (process.exitCode = exitCode));
  },
};
