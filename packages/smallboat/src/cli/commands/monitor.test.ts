import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../features/index.ts';
import type { Io } from '../../kernel/index.ts';
import { makeReference, predictionLog, writeReference } from '../../monitoring/index.ts';
import { CHAMPION, localRegistry, localTracker } from '../../tracking/index.ts';
import type { ArgsSchema, Command } from '../command.ts';
import { runCommand } from '../command.ts';
import { experiments } from './experiments.ts';
import { models } from './models.ts';
import { monitor } from './monitor.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function smallboat<S extends ArgsSchema>(
  command: Command<S>,
  cwd: string,
  argv: readonly string[],
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    cwd,
    env: {},
    isTerminal: false,
    columns: 200,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    draw: () => undefined,
  };
  const code = await runCommand(command, argv, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'smallboat-'));

/** A home with a champion, its reference, and predictions about sessions of `events`. */
async function home(events: readonly number[]): Promise<string> {
  const cwd = await newFolder();
  const folder = join(cwd, '.smallboat');
  const examples = examplesOf(
    Array.from({ length: 400 }, (_, i) => ({ tokens: [0, 6, 5, 2], label: i % 4 === 0 ? 1 : 0 })),
  );
  const model = await newFolder();
  await writeReference(
    join(model, 'reference.json'),
    makeReference({ examples, scores: new Float64Array(400).fill(0.25) }),
  );
  const registry = localRegistry({ folder: join(folder, 'models') });
  await registry.register({
    name: 'intent',
    modelFolder: model,
    metrics: { rocAuc: 0.75 },
    reason: 'Passed: it beats all.',
  });
  await registry.alias('intent', 1, CHAMPION);
  await using log = predictionLog({ folder: join(folder, 'monitoring', 'predictions') });
  for (let i = 0; i < 300; i++) {
    log.append({
      id: String(i),
      at: Date.now() - 1_000,
      endpoint: 'intent',
      modelVersion: '1',
      tokens: [0, ...events],
      prediction: 0.25,
    });
  }
  return cwd;
}

describe('smallboat monitor', () => {
  it('prints the verdict and writes the page', async () => {
    const cwd = await home([6, 5, 2]);
    const { code, out } = await smallboat(monitor, cwd, ['report']);
    expect(code).toBe(0);
    expect(out).toMatch(/^No drift: 300 predictions/);
    const page = join(cwd, '.smallboat', 'monitoring', 'report.html');
    expect(out).toContain(`Page: ${page}`);
    expect(await readFile(page, 'utf8')).toContain('No drift: 300 predictions');
  });

  it('exits with 0 on drift, and with 1 if asked to', async () => {
    const cwd = await home([5, 5, 5, 5, 5, 5, 2]);
    expect(await smallboat(monitor, cwd, ['report'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Drift: /),
    });
    const { code, err } = await smallboat(monitor, cwd, ['report', '--fail-on-drift']);
    expect(code).toBe(1);
    expect(err).toMatch(/^DRIFT_FOUND: Drift: /);
  });

  it('prints JSON of the window that was asked for', async () => {
    const { out } = await smallboat(monitor, await home([6, 5, 2]), ['report', '--json', '--since', '2020-01-01']);
    expect(JSON.parse(out)).toMatchObject({ status: 'none', predictions: 300, window: { from: Date.UTC(2020, 0, 1) } });
  });

  it('says where it looked for a reference', async () => {
    const { code, err } = await smallboat(monitor, await newFolder(), ['report']);
    expect(code).toBe(1);
    expect(err).toMatch(/^REFERENCE_NOT_FOUND: .*monitoring\/reference\.json/);
  });

  it.each([[[]], [['watch']], [['report', '--since', 'yesterday']]])('exits with 2 on %j', async (argv) => {
    expect((await smallboat(monitor, await newFolder(), argv)).code).toBe(2);
  });
});

describe('smallboat models', () => {
  it('lists versions with alias, metrics and reason', async () => {
    const { out, code } = await smallboat(models, await home([2]), ['--check']);
    expect(code).toBe(0);
    expect(out.split('\n')[2]).toMatch(/^intent +1 +champion .* 0\.75 +Passed: it beats all\.$/);
  });

  it('exits with 1 when a file was changed', async () => {
    const cwd = await home([2]);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(cwd, '.smallboat/models/intent/1/model/reference.json'), '{}');
    expect(await smallboat(models, cwd, ['--check'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^MODEL_VERSION_CORRUPT/),
    });
  });

  it('says that there are none', async () => {
    const { out, code } = await smallboat(models, await newFolder(), []);
    expect([code, out]).toEqual([0, expect.stringMatching(/^No registered models in /)]);
    expect((await smallboat(models, await newFolder(), ['--json'])).out).toBe('[]');
  });
});

describe('smallboat experiments', () => {
  it('lists runs with parameters and best metrics', async () => {
    const cwd = await newFolder();
    const tracker = localTracker({ folder: join(cwd, '.smallboat', 'tracking') });
    for (const [units, auc] of [
      [16, 0.7],
      [48, 0.8],
    ] as const) {
      await using run = await tracker.startRun({ experiment: 'intent', params: { units } });
      await run.logMetrics({ auc, loss: 0.5 });
      await run.logMetrics({ auc: auc - 0.1, loss: 0.4 });
      await run.finish();
    }
    const { out } = await smallboat(experiments, cwd, ['--best', 'auc']);
    const lines = out.split('\n');
    expect(lines[0]).toBe('Experiment intent');
    expect(lines[1]).toMatch(/auc ↑ +loss ↓$/);
    expect(lines[3]).toMatch(/units=48 +0\.8 +0\.4$/);
    expect(lines[4]).toMatch(/units=16 +0\.7 +0\.4$/);
    const { out: json } = await smallboat(experiments, cwd, ['--json', '-e', 'intent']);
    expect(JSON.parse(json)).toHaveLength(2);
  });

  it('says that there are none', async () => {
    expect((await smallboat(experiments, await newFolder(), [])).out).toMatch(/^No tracked runs in /);
  });
});
