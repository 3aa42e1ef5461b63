/**
 * What a step costs, here, in Temporal, and of our flow on Temporal, in one run on one machine: 1 and 20 tasks in a line and 200 side by side, two
 * at once. Temporal's server keeps what it knows in a file, and workers are up before the clock starts, as its users have it; the start of a
 * workflow, or of a process, is told apart from the cost of a step. Temporal's activities are functions in the worker, whose results it keeps
 * itself; ours run in processes of their own, with artifacts, logs and metadata on disk. Usage: `node bench/flow/temporal.ts [times]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startTemporal } from '../../interop/temporal.ts';
import { loadFlow } from '../../packages/smallboat/src/flow/index.ts';
import { temporal, temporalWorker } from '../../packages/smallboat/src/orchestrate/index.ts';
import { measure } from '../measure.ts';
import { LINE_AND_WIDE } from './line-and-wide.ts';

const times = Number(process.argv[2] ?? 3);
const root = join(import.meta.dirname, '../..');
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));

/** The median in seconds; the first is not counted. */
async function median(work: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i <= times; i += 1) {
    const seconds = await work();
    if (i > 0) all.push(seconds);
  }
  return all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

await using server = await startTemporal({ file: join(folder, 'temporal.db') });
const peer = spawn(process.execPath, [join(import.meta.dirname, 'temporal-peer.ts'), server.address], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const connection = await Connection.connect({ address: server.address });
try {
  await once(peer.stdout, 'data');
  await writeFile(join(folder, 'flow.ts'), LINE_AND_WIDE);
  const client = new Client({ connection });
  const program = join(root, 'packages/smallboat/bin/smallboat.js');
  const module = pathToFileURL(join(folder, 'flow.ts')).href;

  const here = (name: string): Promise<number> =>
    median(async () => {
      const args = [program, 'run', `flow.ts#${name}`, '--max-workers', '2', '--quiet'];
      const ran = await measure(process.execPath, args, { cwd: folder, env: {} });
      if (ran.exitCode !== 0) throw new Error(`${name}: ${ran.stderr.slice(-2000)}`);
      return ran.seconds;
    });
  const there = (workflow: string, count: number): Promise<number> =>
    median(() =>
      timed(() =>
        client.workflow.execute(workflow, {
          taskQueue: 'peer',
          workflowId: `${workflow}-${count}-${Math.random()}`,
          args: [count],
        }),
      ),
    );
  const onTemporal = async (name: string): Promise<number> => {
    const flow = await loadFlow(module, name);
    await using boats = await temporal(server.env);
    const isolation = { name };
    await boats.deploy({ flow, isolation, token: 'bench', owner: 'bench', tags: [] });
    const stop = new AbortController();
    const worker = temporalWorker({
      flow,
      module,
      name,
      store: { folder: join(folder, 'runs') },
      maxWorkers: 2,
      env: server.env,
      cwd: folder,
      signal: stop.signal,
      say: () => undefined,
    });
    try {
      return await median(() =>
        timed(async () => {
          const { state, message } = await boats.ended(await boats.start(name, {}));
          if (state !== 'COMPLETED') throw new Error(message);
        }),
      );
    } finally {
      stop.abort();
      await worker;
    }
  };

  for (const [shape, name, count] of [
    ['line', 'Line', 20],
    ['wide', 'Wide', 200],
  ] as const) {
    const told = (what: string, one: number, many: number): string =>
      `${what} ${many.toFixed(2)} s (one: ${one.toFixed(2)} s, ${((1000 * (many - one)) / (count - 1)).toFixed(1)} ms a step)`;
    const rows = [
      told('smallboat run', await here(`${name}1`), await here(`${name}${count}`)),
      told('Temporal', await there(shape, 1), await there(shape, count)),
      told('our flow on Temporal', await onTemporal(`${name}1`), await onTemporal(`${name}${count}`)),
    ];
    console.log(`${shape} ${count}: ${rows.join('; ')}`);
  }
} finally {
  peer.kill();
  await connection.close();
  await rm(folder, { recursive: true, force: true });
}
