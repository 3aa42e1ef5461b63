import * as z from 'zod';
import { type TaskView, seconds, shownArtifact } from '../../flow/index.ts';
import { textTable } from '../../report/index.ts';
import type { Command } from '../command.ts';
import { openRuns, runsFlags } from '../open-runs.ts';
import { summaryOf } from '../summary.ts';

const schema = z.object({
  path: z.string().optional(),
  home: z.string().optional(),
  namespace: z.string().optional(),
  json: z.boolean().default(false),
});

/** `smallboat show intent/1795433364090388/train` */
export const command: Command<typeof schema> = {
  name: 'show',
  summary: 'Show a run, a step or a task: states, times, artifacts. Default: the latest run.',
  example: 'smallboat show intent/latest/train',
  positionals: ['path'],
  schema,
  flags: {
    ...runsFlags,
    json: { type: 'boolean', help: 'print it as JSON' },
  },
  async run({ path, json, ...args }, io) {
    await using runs = await openRuns(args, io);
    const { store } = runs;
    const { view, tasks, step } = await runs.find(path);
    const { info, state } = view;
    if (json) {
      const steps = view.steps.filter((s) => step === undefined || s.name === step);
      return io.out(JSON.stringify({ ...info, state, module: view.record?.module, steps, tasks: undefined }));
    }
    io.out(`${info.flow}/${info.run}: ${state}`);
    io.out(
      `began ${new Date(info.createdAt).toISOString()} by ${info.user}${info.origin === undefined ? '' : `, continues ${info.origin}`}`,
    );
    for (const [name, key] of Object.entries(view.params))
      io.out(`  ${name} = ${summaryOf(await shownArtifact(store, info.flow, key))}`);
    io.out('');
    if (step === undefined) {
      const rows = view.steps.map((s) => [
        s.name,
        s.state,
        s.tasks.length < 2 ? '' : `${s.tasks.filter((t) => t.state === 'done').length}/${s.tasks.length}`,
        tookOf(s.tasks),
        [...new Set(s.tasks.flatMap((t) => Object.keys(t.artifacts)))].join(', '),
      ]);
      for (const line of textTable(['step', 'state', 'tasks', 'took', 'artifacts'], rows)) io.out(line);
    } else {
      const rows = tasks.map((t) => [
        `${t.path.step}/${t.path.task}`,
        t.name,
        t.state,
        t.attempts,
        tookOf([t]),
        Object.keys(t.artifacts).join(', '),
      ]);
      for (const line of textTable(['path', 'task', 'state', 'attempts', 'took', 'artifacts'], rows)) io.out(line);
    }
    for (const { name, error } of tasks) {
      if (error) io.out(`\n${name}: ${error.code === undefined ? '' : `${error.code}: `}${error.message}`);
    }
  },
};

function tookOf(tasks: readonly TaskView[]): string {
  if (tasks.length === 0) return '';
  const start = Math.min(...tasks.map((t) => t.startedAt));
  return seconds(Math.max(...tasks.map((t) => t.endedAt ?? t.startedAt)) - start);
}
