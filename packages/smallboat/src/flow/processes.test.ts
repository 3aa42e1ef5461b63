import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { localRunStore } from './store/local-run-store.ts';
import { readRun } from './read-run.ts';
import { resumeFlow, runFlow } from './run-flow.ts';
import { crashFlow, hungryFlow, retryFlow, slowFlow, talkFlow } from './testing/crash-flow.ts';

const module = new URL('./testing/crash-flow.ts', import.meta.url).href;
const program = fileURLToPath(new URL('../../bin/smallboat.js', import.meta.url));

// A secret of the hungry flow, which every worker inherits.
process.env['HUNGRY_TOKEN'] = 'swordfish';

const aFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-flow-'));
const strike = (folder: string, name: string, what: string): Promise<void> =>
  writeFile(join(folder, `strike-${name}`), what);
const ranIn = async (folder: string): Promise<{ name: string; pid: number }[]> =>
  (await readFile(join(folder, 'ran'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.split(' ')[0] ?? '', pid: Number(line.split(' ')[1]) }));
const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Runs the program as a process of its own, so that it can be killed. */
function smallboat(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args, '--home', folder], { cwd: folder });
  let err = '';
  let out = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return { child, ended };
}

const crashArgs = (folder: string): string[] => [
  'run',
  `${fileURLToPath(module)}#CrashFlow`,
  '--folder',
  folder,
  '--max-workers',
  '2',
];

describe.concurrent('kill -9, then resume', () => {
  it.each([
    ['list', 'parent'],
    ['work3', 'parent'],
    ['sum', 'parent'],
    ['publish', 'parent'],
    ['work2', 'parent, self'],
    ['work2', 'self'],
  ])('in %s, of %s: no finished work is done twice, and the result is the same', async (name, whom) => {
    const folder = await aFolder();
    await strike(folder, name, whom);
    const killed = await smallboat(folder, crashArgs(folder)).ended;
    expect(killed).toMatchObject(whom === 'self' ? { code: 1 } : { signal: 'SIGKILL' });
    await using store = localRunStore({ folder });
    const [first] = await store.runs('CrashFlow');
    if (!first) throw new Error('no run');
    const before = await readRun(store, first);
    const finished = before.steps.flatMap((s) => s.tasks).filter((t) => t.state === 'done');

    const resumed = await smallboat(folder, ['resume']).ended;
    expect(resumed).toMatchObject({ code: 0 });
    const ran = (await ranIn(folder)).map((r) => r.name);
    for (const { path, name: task } of finished) {
      const body = task.replace(/\[(\d)\]/, (_, i: string) => String(Number(i) + 1));
      expect(
        ran.filter((r) => r === body),
        `${path.step} ${body}`,
      ).toHaveLength(1);
    }
    expect(ran.filter((r) => r === name)).toHaveLength(2);
    const [last] = await store.runs('CrashFlow');
    if (!last) throw new Error('no run');
    expect(last.origin).toBe(first.run);
    const after = await readRun(store, last);
    expect(after.state).toBe('done');
    expect(await store.load('CrashFlow', after.result['published'] ?? ('' as never))).toBe('total 30');
    // What was taken over is the same content, not a copy.
    const keys = new Map(after.steps.flatMap((s) => s.tasks).map((t) => [t.name, t.artifacts]));
    for (const { name: task, artifacts } of finished) expect(keys.get(task)).toEqual(artifacts);
  });
});

describe.concurrent('a worker', () => {
  it('that is killed is replaced, and the attempt counts as one that failed', async () => {
    const folder = await aFolder();
    await strike(folder, 'patient', 'self');
    await using run = await runFlow(retryFlow, { module, store: { folder }, params: { folder }, maxWorkers: 1 });
    expect(await run.result()).toEqual({ attempt: 1 });
    const ran = await ranIn(folder);
    expect(new Set(ran.map((r) => r.pid)).size).toBe(2);
  });

  it('that crashes leaves its last words in the error', async () => {
    const folder = await aFolder();
    await strike(folder, 'list', 'abort');
    const failed: unknown = await runFlow(crashFlow, { module, store: { folder }, params: { folder } }).catch(
      (e: unknown) => e,
    );
    expect(failed).toMatchObject({
      facts: { error: { code: 'WORKER_LOST', message: expect.stringContaining('SIGABRT') } },
    });
    expect((failed as Error).message).toMatch(/last words/);
  });

  it('that takes more memory than its step asks for is ended as out of memory', async () => {
    const folder = await aFolder();
    const params = { folder, what: 'fill' };
    await expect(runFlow(hungryFlow, { module, store: { folder }, params })).rejects.toMatchObject({
      facts: {
        error: {
          code: 'OUT_OF_MEMORY',
          kind: 'outOfMemory',
          message: expect.stringMatching(
            /^hungry ran out of memory: its process took \d+ MiB, with .*memoryMiB at 300/,
          ),
        },
      },
    });
  });

  it('that ends itself is told apart from one that was killed', async () => {
    const folder = await aFolder();
    await expect(
      runFlow(hungryFlow, { module, store: { folder }, params: { folder, what: 'exit' } }),
    ).rejects.toMatchObject({
      facts: { error: { code: 'WORKER_LOST', message: expect.stringContaining('exited with code 3') } },
    });
  });

  it('gives a body its secrets, hides them in the log, and a folder that is gone afterwards', async () => {
    const folder = await aFolder();
    const said: string[] = [];
    await using run = await runFlow(hungryFlow, {
      module,
      store: { folder },
      params: { folder, what: 'nothing' },
      onEvent: (event) => void (event.kind === 'taskLogged' && said.push(event.text)),
    });
    const { temp, hadTemp, token } = await run.result();
    expect({ hadTemp, token, isThere: existsSync(temp) }).toEqual({ hadTemp: true, token: 9, isThere: false });
    expect(said.join('')).toBe('the token is ***\n');
    const [task] = (await run.store.tasks(run.flow, run.run)).filter(({ path }) => path.step === 'hungry');
    if (!task) throw new Error('no task');
    expect(await run.store.readLog(task.path, 0, 'stdout')).toBe('the token is ***\n');
  });

  it('that computes without a pause is ended when its time is up', async () => {
    const folder = await aFolder();
    await strike(folder, 'slow', 'hang');
    const options = { module, store: { folder }, params: { folder }, graceSeconds: 0.1 };
    await expect(runFlow(slowFlow, options)).rejects.toMatchObject({ facts: { error: { code: 'STEP_TIMED_OUT' } } });
    await using run = await resumeFlow(slowFlow, options);
    expect(await run.result()).toEqual({});
  });

  it('that computes without a pause dies with its parent', async () => {
    const folder = await aFolder();
    await strike(folder, 'list', 'parent, hang');
    await smallboat(folder, crashArgs(folder)).ended;
    const [struck] = await ranIn(folder);
    await vi.waitFor(() => expect(isThere(struck?.pid ?? 0)).toBe(false), { timeout: 5000 });
  });

  it('is used again, one for a chain of steps', async () => {
    const folder = await aFolder();
    await using _ = await runFlow(crashFlow, { module, store: { folder }, params: { folder }, maxWorkers: 1 });
    expect(new Set((await ranIn(folder)).map((r) => r.pid)).size).toBe(1);
  });

  it('keeps what is printed, also by native code and child processes, in the log of the task', async () => {
    const folder = await aFolder();
    await using run = await runFlow(talkFlow, { module, store: { folder } });
    const { talk, pid } = await run.result();
    expect(talk).toBe('loud');
    expect(pid).not.toBe(process.pid);
    expect(process.env['TALK']).toBeUndefined();
    const task = (await run.store.tasks(run.flow, run.run)).find((t) => t.path.step === 'talk');
    if (!task) throw new Error('no task');
    const out = await run.store.readLog(task.path, 0, 'stdout');
    expect(out.split('\n').sort()).toEqual(['', 'by a child', 'by log', 'by write']);
    expect(await run.store.readLog(task.path, 0, 'stderr')).toBe('by stderr\n');
  });
});

describe('Ctrl-C', () => {
  it('stops the steps by their signal, leaves the run resumable and says how', async () => {
    const folder = await aFolder();
    await strike(folder, 'work1', 'wait');
    const { child, ended } = smallboat(folder, crashArgs(folder));
    await vi.waitFor(async () => expect((await ranIn(folder)).map((r) => r.name)).toContain('work1'), {
      timeout: 10_000,
    });
    child.kill('SIGINT');
    const { code, err } = await ended;
    expect(code).toBe(1);
    expect(err).toMatch(/RUN_INTERRUPTED: .*smallboat resume --run \d+/s);
    const resumed = await smallboat(folder, ['resume']).ended;
    expect(resumed.code).toBe(0);
    const ran = (await ranIn(folder)).map((r) => r.name);
    expect(ran.filter((r) => r === 'list')).toHaveLength(1);
  });
});
