/**
 * How long a flow takes as a whole process, here and in Metaflow: hello world, 20 steps in a line, 200 tasks side by
 * side with two workers, and `--help`. Prints the median of each and the ratio. Usage: `node bench/flow/hello.ts [times]`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnv } from '../../interop/python.ts';

const times = Number(process.argv[2] ?? 5);
const program = fileURLToPath(new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url));
const flowRoom = new URL('../../packages/smallboat/src/flow/index.ts', import.meta.url).href;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const python = join(pythonEnv('metaflow'), 'python');
const run = promisify(execFile);

const ours = {
  hello: `export const f = flow('Hello', {}, () => step('hello', { run: () => ({ greeting: 'hello' }) })({}));`,
  linear: `const add = step('add', { run: ({ n }) => ({ n: n + 1 }) });
export const f = flow('Linear', {}, () => {
  let made = add.as('s0')({ n: 0 });
  for (let i = 1; i < 20; i += 1) made = add.as('s' + i)({ n: made.n });
  return made;
});`,
  parallel: `const list = step('list', { run: () => ({ xs: Array.from({ length: 200 }, (_, i) => i) }) });
const square = step('square', { run: ({ x }) => ({ y: x * x }) });
const sum = step('sum', { run: ({ ys }) => ({ total: ys.reduce((a, b) => a + b.y, 0) }) });
export const f = flow('Parallel', {}, () => sum({ ys: each(list({}).xs, (x) => square({ x })) }));`,
};

const theirs = {
  hello: `from metaflow import FlowSpec, step
class Hello(FlowSpec):
    @step
    def start(self):
        self.greeting = 'hello'
        self.next(self.end)
    @step
    def end(self): pass
if __name__ == '__main__': Hello()`,
  linear: `from metaflow import FlowSpec, step
class Linear(FlowSpec):
    @step
    def start(self):
        self.n = 0
        self.next(self.s1)
${Array.from({ length: 18 }, (_, i) => `    @step\n    def s${i + 1}(self):\n        self.n += 1\n        self.next(self.${i === 17 ? 'end' : `s${i + 2}`})`).join('\n')}
    @step
    def end(self): pass
if __name__ == '__main__': Linear()`,
  parallel: `from metaflow import FlowSpec, step
class Parallel(FlowSpec):
    @step
    def start(self):
        self.xs = list(range(200))
        self.next(self.square, foreach='xs')
    @step
    def square(self):
        self.y = self.input ** 2
        self.next(self.join)
    @step
    def join(self, inputs):
        self.total = sum(i.y for i in inputs)
        self.next(self.end)
    @step
    def end(self): pass
if __name__ == '__main__': Parallel()`,
};

/** Median wall-clock seconds of a whole process. Where there is more than one, the first is not counted: it fills caches. */
async function measure([file = '', ...args]: readonly string[], count: number): Promise<number> {
  const env = { ...process.env, METAFLOW_USER: 'bench', USERNAME: 'bench' };
  const seconds: number[] = [];
  for (let i = count === 1 ? 1 : 0; i <= count; i += 1) {
    const began = performance.now();
    await run(file, args, { cwd: folder, env, maxBuffer: 1 << 26 });
    if (i > 0) seconds.push((performance.now() - began) / 1000);
  }
  return seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)] ?? Number.NaN;
}

try {
  console.log(
    `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores, Node ${process.version}; medians of ${times} (200 tasks: 1)`,
  );
  console.log(`--help                 ${(await measure([process.execPath, program, '--help'], times)).toFixed(3)} s`);
  for (const name of ['hello', 'linear', 'parallel'] as const) {
    const imports = `import { each, flow, step } from '${flowRoom}';\n`;
    await writeFile(join(folder, `${name}.ts`), imports + ours[name]);
    await writeFile(join(folder, `${name}.py`), theirs[name]);
    const count = name === 'parallel' ? 1 : times;
    const here = await measure([process.execPath, program, 'run', `${name}.ts`, '--max-workers', '2'], count);
    const metaflow = ['--quiet', 'run', '--max-workers', '2', '--max-num-splits', '1000'];
    const there = await measure([python, `${name}.py`, ...metaflow], count);
    const title = { hello: 'hello world', linear: '20 steps in a line', parallel: '200 tasks, 2 workers' }[name];
    console.log(
      `${title.padEnd(22)} ${here.toFixed(3)} s, Metaflow ${there.toFixed(2)} s: ${(there / here).toFixed(1)} times faster`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
