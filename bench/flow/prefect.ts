/**
 * What a step costs, here and in Prefect, in one run on one machine: 1 and 20 tasks in a line and 200 side by side, each with its result kept.
 * A local Prefect server is up before the clock starts, as its users have it; the start of each process is told apart from the cost of a step.
 * Usage: `node bench/flow/prefect.ts [times]`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from '../../interop/python.ts';
import { freePort, serverProcess } from '../../interop/server.ts';
import { measure } from '../measure.ts';
import { LINE_AND_WIDE } from './line-and-wide.ts';

const times = Number(process.argv[2] ?? 3);
const root = join(import.meta.dirname, '../..');
const bin = pythonEnv('bench-prefect');
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const port = await freePort();
const prefect = {
  PREFECT_HOME: join(folder, 'prefect'),
  PREFECT_API_URL: `http://127.0.0.1:${port}/api`,
  PREFECT_LOGGING_LEVEL: 'ERROR',
  PREFECT_SERVER_ANALYTICS_ENABLED: 'false',
  PREFECT_RESULTS_PERSIST_BY_DEFAULT: 'true',
};

const theirs = `import sys
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

@task(retries=1)
def add(n): return n + 1

@task(retries=1)
def square(x): return x * x

@flow
def line(count):
    n = 0
    for _ in range(count): n = add(n)
    return n

@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def wide(count):
    return sum(f.result() for f in square.map(list(range(count))))

{'line': line, 'wide': wide}[sys.argv[1]](int(sys.argv[2]))
`;

/** The median of whole processes, in seconds; the first is not counted. */
async function median(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i <= times; i += 1) {
    const ran = await measure(command, args, { cwd: folder, env });
    if (ran.exitCode !== 0) throw new Error(`${args.join(' ')}: ${ran.stderr.slice(-2000)}`);
    if (i > 0) all.push(ran.seconds);
  }
  return all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

await using _server = await serverProcess(join(bin, 'prefect'), ['server', 'start', '--port', String(port)], {
  env: { ...process.env, ...prefect },
  ready: async () => (await fetch(`${prefect.PREFECT_API_URL}/health`).catch(() => undefined))?.ok === true,
});
try {
  await writeFile(join(folder, 'flow.py'), theirs);
  await writeFile(join(folder, 'flow.ts'), LINE_AND_WIDE);
  const program = join(root, 'packages/smallboat/bin/smallboat.js');
  const shapes = [
    ['line', 'Line', 20],
    ['wide', 'Wide', 200],
  ] as const;
  for (const [shape, name, count] of shapes) {
    const here = async (n: number): Promise<number> =>
      median(process.execPath, [program, 'run', `flow.ts#${name}${n}`, '--max-workers', '2', '--quiet'], {});
    const there = async (n: number): Promise<number> =>
      median(join(bin, 'python'), ['flow.py', shape, String(n)], prefect);
    const [oneHere, manyHere, oneThere, manyThere] = [
      await here(1),
      await here(count),
      await there(1),
      await there(count),
    ];
    const step = (one: number, many: number): string => `${((1000 * (many - one)) / (count - 1)).toFixed(1)} ms a step`;
    console.log(
      `${shape} ${count}: ${manyHere.toFixed(2)} s (one: ${oneHere.toFixed(2)} s, ${step(oneHere, manyHere)}); ` +
        `Prefect ${manyThere.toFixed(2)} s (one: ${oneThere.toFixed(2)} s, ${step(oneThere, manyThere)})`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
