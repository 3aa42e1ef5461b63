import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openRunStore, readRun } from 'smallboat/flow';
import { textTable } from 'smallboat/report';
import type { Measured } from './measure.ts';
import { measure, mebibytes, peakBetween, seconds } from './measure.ts';

const root = join(import.meta.dirname, '..');
export const node = join(root, 'node_modules/.bin/node');

/** One stage of a measured run of the pipeline. */
export interface Stage {
  readonly name: string;
  readonly seconds: number;
  readonly peakBytes: number;
}

export interface PipelineRun {
  readonly whole: Measured;
  readonly stages: readonly Stage[];
  /** What `npm start --json` said. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Runs the pipeline in a process of its own over the files in `data`, with a fresh home folder, and measures every stage. */
export async function measurePipeline(data: string, home: string, flags: readonly string[] = []): Promise<PipelineRun> {
  const args = [join(root, 'apps/intent/start.ts'), '--data', data, '--home', home, '--json', ...flags];
  const whole = await measure(node, args, { cwd: join(root, 'apps/intent') });
  if (whole.exitCode !== 0) throw new Error(`The pipeline failed:\n${whole.stderr}`);
  const facts = JSON.parse(whole.stdout) as Record<string, unknown>;
  await using store = await openRunStore({ folder: home });
  const view = await readRun(store, { flow: 'intent', run: String(facts['run']) });
  const stages = view.steps.map(({ name, tasks }) => {
    const from = Math.min(...tasks.map((t) => t.startedAt));
    const to = Math.max(...tasks.map((t) => t.endedAt ?? t.startedAt));
    return { name, seconds: (to - from) / 1000, peakBytes: peakBetween(whole.samples, from, to) };
  });
  return { whole, stages, facts };
}

/** Makes the three files, and waits until they are on the disk: writing them is not what is measured after. The time is that of the whole command. */
export async function generate(folder: string, rows: number): Promise<Measured> {
  const bin = join(root, 'packages/smallboat/bin/smallboat.js');
  const made = await measure(node, [bin, 'generate', '--out', folder, '--rows', String(rows), '--seed', '1']);
  if (made.exitCode !== 0) throw new Error(made.stderr);
  execFileSync('sync');
  return made;
}

export function stageTable(
  runs: readonly { readonly name: string; readonly generated?: Measured; readonly run: PipelineRun }[],
): string[] {
  const names = runs[0]?.run.stages.map(({ name }) => name) ?? [];
  // A stage that ends between two samples has no memory figure.
  const cell = (s: number, bytes: number): string => `${seconds(s)} s${bytes > 0 ? ` · ${mebibytes(bytes)} MiB` : ''}`;
  const rows = names.map((name) => [
    name,
    ...runs.map(({ run }) => {
      const stage = run.stages.find((s) => s.name === name);
      return stage === undefined ? '' : cell(stage.seconds, stage.peakBytes);
    }),
  ]);
  const made = runs.some(({ generated }) => generated)
    ? [
        [
          'generate (apart)',
          ...runs.map(({ generated }) => (generated ? cell(generated.seconds, generated.peakBytes) : '')),
        ],
      ]
    : [];
  return textTable(
    ['stage', ...runs.map(({ name }) => name)],
    [
      ...made,
      ...rows,
      ['whole, start to exit', ...runs.map(({ run }) => cell(run.whole.seconds, run.whole.peakBytes))],
    ],
  );
}

/** `node bench/pipeline.ts --rows 1000000 --rows 5000000 --scratch /big/disk`, `node bench/pipeline.ts --data DIR` */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', multiple: true },
      data: { type: 'string' },
      scratch: { type: 'string', default: tmpdir() },
    },
  });
  const scratch = mkdtempSync(join(resolve(values.scratch), 'smallboat-bench-'));
  try {
    const runs = [];
    if (values.data !== undefined) {
      runs.push({ name: values.data, run: await measurePipeline(resolve(values.data), join(scratch, 'home')) });
    }
    for (const rows of (values.rows ?? []).map(Number)) {
      const folder = join(scratch, `data-${rows}`);
      const generated = await generate(folder, rows);
      const home = join(scratch, `home-${rows}`);
      runs.push({ name: `${rows.toLocaleString('en')} rows`, generated, run: await measurePipeline(folder, home) });
      rmSync(folder, { recursive: true });
      rmSync(home, { recursive: true });
    }
    for (const line of stageTable(runs)) console.log(line);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

if (import.meta.main) await main();
