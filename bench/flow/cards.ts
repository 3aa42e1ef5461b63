/**
 * Cards as a user waits for them: the command that writes the card of a run, and what a card adds to a task, here and in Metaflow, in one run on one
 * machine. Ours is the package as npm gets it, built for the purpose. Usage: `node bench/flow/cards.ts [times] [tasks of the wide run]`.
 */
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from '../../interop/python.ts';
import { buildPackage } from '../../scripts/build-package.ts';
import { type Measured, measure, mebibytes } from '../measure.ts';

const times = Number(process.argv[2] ?? 7);
const wide = Number(process.argv[3] ?? 10_000);
const root = join(import.meta.dirname, '../..');
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const python = join(pythonEnv('metaflow'), 'python');
const env = { METAFLOW_USER: 'bench', USERNAME: 'bench' };

const OURS = `import { each, flow, step } from 'smallboat/flow';
import * as z from 'zod';
const list = step('list', { run: ({ n }) => ({ xs: Array.from({ length: n }, (_, i) => i) }) });
const square = step('square', { run: ({ x }, { log }) => { log('squaring', { x }); return { y: x * x }; } });
const sum = step('sum', { run: ({ ys }, { card }) => { card.value('total', ys.length); return { total: ys.reduce((a, b) => a + b.y, 0) }; } });
export const wide = flow('Wide', { n: z.coerce.number() }, ({ n }) => sum({ ys: each(list({ n }).xs, (x) => square({ x })) }));
`;
const ourTask = (body: string): string => `import { flow, step } from 'smallboat/flow';
export const f = flow('One', {}, () => step('work', { run: (_, { card }) => { ${body} return { x: 1 }; } })({}));
`;
const theirTask = (decorator: string, body: string): string => `from metaflow import FlowSpec, step, card, current
from metaflow.cards import Markdown
class One(FlowSpec):
    @step
    def start(self): self.next(self.work)
    ${decorator}
    @step
    def work(self):
        self.x = 1
        ${body}
        self.next(self.end)
    @step
    def end(self): pass
if __name__ == '__main__': One()
`;

/** Whole processes: the first fills caches and is not counted. */
async function several(command: string, args: readonly string[], count: number): Promise<readonly Measured[]> {
  const all: Measured[] = [];
  for (let i = 0; i <= count; i += 1) {
    const ran = await measure(command, args, { cwd: folder, env, every: 20 });
    if (ran.exitCode !== 0) throw new Error(`${args.join(' ')}: ${ran.stderr.slice(-2000)}`);
    if (i > 0) all.push(ran);
  }
  return all;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Seconds of the one that was disturbed least. */
function fastest(all: readonly Measured[]): number {
  return Math.min(...all.map((m) => m.seconds));
}

/** Median and fastest, in milliseconds. */
function told(all: readonly Measured[]): string {
  const seconds = all.map((m) => m.seconds);
  return `${Math.round(median(seconds) * 1000)} ms (fastest ${Math.round(fastest(all) * 1000)})`;
}

async function cardOf(program: string, tasks: number, count: number): Promise<void> {
  const ran = await measure(process.execPath, [program, 'run', 'wide.ts', '--n', String(tasks - 2)], {
    cwd: folder,
    env,
  });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.slice(-2000));
  const all = await several(process.execPath, [program, 'card', '--out', 'card.html'], count);
  const bytes = statSync(join(folder, 'card.html')).size;
  const memory = mebibytes(Math.max(...all.map((m) => m.peakBytes)));
  console.log(`the card of a run of ${tasks} tasks: ${told(all)}; ${Math.round(bytes / 1024)} KiB; ${memory} MiB`);
}

async function oneTask(program: string): Promise<void> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (const isWith of [false, true]) {
    await writeFile(join(folder, 'one.ts'), ourTask(isWith ? `card.markdown('# Done');` : ''));
    await writeFile(
      join(folder, 'one.py'),
      isWith ? theirTask('@card', `current.card.append(Markdown('# Done'))`) : theirTask('', 'pass'),
    );
    ours.push(fastest(await several(process.execPath, [program, 'run', 'one.ts'], times)));
    theirs.push(fastest(await several(python, ['one.py', '--quiet', 'run'], times)));
  }
  const [added = 0, addedThere = 0] = [ours, theirs].map(([without = 0, withCard = 0]) => withCard - without);
  // What is smaller than the noise is called one millisecond.
  const ratio = Math.round(addedThere / Math.max(0.001, added));
  console.log(
    `what a card adds to a run of one task, fastest of ${times}: ${Math.round(added * 1000)} ms (${ours.map((s) => s.toFixed(2)).join(' to ')} s), Metaflow ${addedThere.toFixed(2)} s (${theirs.map((s) => s.toFixed(2)).join(' to ')} s): ${ratio} times`,
  );
}

try {
  mkdirSync(join(folder, 'node_modules'));
  const built = await buildPackage(join(folder, 'package'));
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'));
  symlinkSync(built, join(folder, 'node_modules/smallboat'));
  symlinkSync(join(root, 'node_modules/zod'), join(folder, 'node_modules/zod'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'wide.ts'), OURS);
  const program = join(built, 'smallboat.js');
  await cardOf(program, 100, times);
  if (wide > 0) await cardOf(program, wide, 2);
  await oneTask(program);
} finally {
  await rm(folder, { recursive: true, force: true });
}
