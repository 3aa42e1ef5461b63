import { join } from 'node:path';
import * as z from 'zod';
import { loadFlow, spin } from '../../flow/index.ts';
import { textTable } from '../../report/index.ts';
import { type Command, usage } from '../command.ts';
import { flowFile } from '../flow-file.ts';
import { flowSettings, stopSignal } from '../flow-settings.ts';
import { type Runs, openRuns, runsFlags } from '../open-runs.ts';
import { pathspecErrors } from '../pathspec.ts';
import { summaryOf, toJson } from '../summary.ts';

const schema = z.object({
  path: z.string('give a step or a task, as intent/latest/train or intent/latest/train[3]'),
  input: z.array(z.string()).default([]),
  flow: z.string().optional(),
  home: z.string().optional(),
  namespace: z.string().optional(),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `smallboat spin intent/latest/train` */
export const command: Command<typeof schema> = {
  name: 'spin',
  summary: 'Run one step of a past run again, alone, with the inputs that it had. The run stays as it is.',
  example: 'smallboat spin intent/latest/train --input epochs=3',
  positionals: ['path'],
  schema,
  flags: {
    input: {
      type: 'string',
      short: 'i',
      multiple: true,
      help: 'name=<JSON>: another value for an input; may be repeated',
    },
    flow: { type: 'string', help: 'file of the flow (default: the one that the run was made from)' },
    ...runsFlags,
    quiet: { type: 'boolean', short: 'q', help: 'do not show what the step prints' },
    json: { type: 'boolean', help: 'print what it made as JSON' },
  },
  async run(args, io) {
    const { home, store } = await flowSettings(args, io);
    await using runs = await openRuns(args, io);
    const { info, record, index, step } = await whatToSpin(args.path, runs);
    const place = args.flow === undefined ? undefined : flowFile(args.flow, 'spin', io);
    const module = place?.module ?? record;
    if (module === undefined)
      throw usage(command, `Run ${info.run} does not say which file its flow is in; give it with --flow`);
    const flow = await loadFlow(module, place?.wanted ?? info.flow);
    using stop = stopSignal(io);
    const spun = await spin(flow, step, {
      module,
      store,
      into: { folder: join(home, 'spin') },
      run: info.run,
      index,
      inputs: Object.fromEntries(args.input.map(inputOf)),
      io,
      showsLogs: !args.quiet,
      signal: stop.signal,
    });
    const { made, changed, path } = spun;
    const pathspec = [path.flow, path.run, path.step, path.task].join('/');
    if (args.json) return io.out(JSON.stringify({ task: pathspec, made: toJson(made, true), changed }));
    const rows = Object.entries(made).map(([name, value]) => [
      name,
      changed.includes(name) ? 'changed' : 'as it was',
      summaryOf(value),
    ]);
    for (const line of textTable(['artifact', 'against the run', 'value'], rows)) io.out(line);
    io.err(`Kept as ${pathspec}: smallboat dump ${pathspec} --home ${home}/spin`);
  },
};

async function whatToSpin(path: string, { find, store }: Runs) {
  const { view, tasks, step } = await find(path);
  const [task] = tasks;
  if (step === undefined || !task) {
    throw pathspecErrors.NOTHING_AT_PATHSPEC({ pathspec: path, location: `${store.location}: it must name a step` });
  }
  const index = [...task.name.matchAll(/\[(\d+)\]/g)].map(([, at]) => Number(at));
  return { info: view.info, record: view.record?.module, index, step };
}

function inputOf(given: string): [string, unknown] {
  const at = given.indexOf('=');
  if (at <= 0) throw usage({ name: 'spin' }, `--input ${given}: it is written as name=<JSON>`);
  const text = given.slice(at + 1);
  try {
    return [given.slice(0, at), JSON.parse(text) as unknown];
  } catch (error) {
    // Not JSON: text that stands without quotes.
    if (error instanceof SyntaxError) return [given.slice(0, at), text];
    throw error;
  }
}
