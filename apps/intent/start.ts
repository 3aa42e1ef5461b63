import { join, resolve } from 'node:path';
import type { Command } from 'smallboat/cli';
import { flowTracing, runCommand, storeOf, tellingUsage } from 'smallboat/cli';
import { loadSettings } from 'smallboat/config';
import { applyWith, resumeFlow, runFlow, writeRunCard } from 'smallboat/flow';
import { exclusive, processIo } from 'smallboat/kernel';
import * as z from 'zod';
import { bringHome } from './bring-home.ts';
import { intent } from './flow.ts';
import { summaryOf } from './summary.ts';

const schema = z.object({
  data: z.string().optional(),
  rows: z.string().optional(),
  seed: z.string().optional(),
  protocol: z.string().optional(),
  features: z.array(z.string()).optional(),
  inputs: z.array(z.string()).optional(),
  cells: z.array(z.string()).optional(),
  rates: z.array(z.string()).optional(),
  units: z.array(z.string()).optional(),
  epochs: z.string().optional(),
  patience: z.string().optional(),
  torch: z.string().optional(),
  profile: z.string().optional(),
  with: z.array(z.string()).optional(),
  home: z.string().optional(),
  resume: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `npm start`: the whole pipeline, from files to a monitored prediction. */
export const start: Command<typeof schema> = {
  name: 'start',
  call: 'npm start --',
  summary: 'Run the whole pipeline: files to a deployed, monitored prediction.',
  example: 'npm start -- --data ./data',
  schema,
  flags: {
    data: {
      type: 'string',
      help: 'folder with browsing_train, search_train, sku_to_content (.csv, .csv.gz, .parquet); default: a generated sample',
    },
    rows: { type: 'string', help: 'browsing rows of the generated sample (default 1000000)' },
    seed: { type: 'string', help: 'seed of the sample and of the training (default 1)' },
    protocol: { type: 'string', help: "decision-points (default), or seed: the original project's, with its leak" },
    features: {
      type: 'string',
      multiple: true,
      help: 'something that events have beside their actions; may be repeated (default page, gap, elapsed, actions, pages, cart, clock)',
    },
    inputs: {
      type: 'string',
      multiple: true,
      help: 'what a model is shown: context, actions; may be repeated (default both)',
    },
    cells: { type: 'string', multiple: true, help: 'gru or lstm; may be repeated (default gru)' },
    rates: { type: 'string', multiple: true, help: 'a learning rate to try; may be repeated (default 0.003)' },
    units: { type: 'string', multiple: true, help: 'a width of the model to try; may be repeated (default 48)' },
    epochs: { type: 'string', help: 'passes over the training data at most (default 8)' },
    patience: { type: 'string', help: 'epochs without a better validation loss before training stops (default 5)' },
    torch: {
      type: 'string',
      help: 'a Python with torch and numpy to train in, on a GPU if there is one (default: train here)',
    },
    profile: { type: 'string', help: 'profile of smallboat.config.ts: local (default), or remote; see docs/remote.md' },
    with: {
      type: 'string',
      multiple: true,
      help: 'what all steps get, or one: batch, train=batch:cpu=8; may be repeated (see docs/compute.md)',
    },
    home: { type: 'string', help: 'folder for all that is written (default .smallboat)' },
    resume: {
      type: 'boolean',
      help: 'continue the latest run that did not end well, with its parameters: what is done is taken over',
    },
    json: { type: 'boolean', help: 'print the summary as JSON' },
  },
  async run({ json, resume, profile, with: specs = [], ...given }, io) {
    // npm changes into the workspace: paths are meant from where the command was typed.
    const here = io.env['INIT_CWD'] ?? io.cwd;
    const env = profile === undefined ? io.env : { ...io.env, SMALLBOAT_PROFILE: profile };
    // The steps read their settings too, in processes of their own.
    if (profile !== undefined) process.env['SMALLBOAT_PROFILE'] = profile;
    const settings = await loadSettings({ folder: import.meta.dirname, env });
    const home = given.home === undefined ? settings.home : resolve(here, given.home);
    await using _ = await exclusive(join(home, 'start.lock'), 'The pipeline');
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    await using tracing = await flowTracing({ ...io, env });
    const began = performance.now();
    const data =
      given.data === undefined ? {} : { data: given.data.startsWith('s3://') ? given.data : resolve(here, given.data) };
    const made = { warehouse: settings.warehouse ?? '', memoryLimitMiB: settings.memoryLimitMiB ?? 0 };
    const options = {
      module: new URL('./flow.ts', import.meta.url),
      store: storeOf({ home, isSaid: given.home !== undefined, settings }, { ...io, cwd: here }),
      // Texts from the command line: the flow's own schemas turn them into values. A resumed run has its own already.
      params: { ...given, ...data, home, ...(resume ? {} : made) } as never,
      io: { ...io, cwd: here },
      signal: stop.signal,
      onEvent: tracing.tell,
      ...(settings.maxWorkers === undefined ? {} : { maxWorkers: settings.maxWorkers }),
    };
    const elsewhere = settings.compute === undefined ? [] : [settings.compute];
    await using run = await tellingUsage(start, () => {
      const flow = applyWith(intent, [...specs, ...(settings.with ?? []), ...elsewhere]);
      return resume ? resumeFlow(flow, options) : runFlow(flow, options);
    });
    await bringHome(run, home);
    const card = await writeRunCard({
      store: run.store,
      flow: run.flow,
      run: run.run,
      path: join(home, 'cards', `${run.flow}-${run.run}.html`),
    });
    const summary = await summaryOf(run, {
      card,
      seconds: (performance.now() - began) / 1000,
      here,
      columns: io.columns,
    });
    if (json) io.out(JSON.stringify(summary.facts));
    else for (const line of summary.lines) io.out(line);
  },
};

if (import.meta.main) process.exitCode = await runCommand(start, process.argv.slice(2), processIo());
