import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { examplesOf } from '../../features/index.ts';
import type { Io } from '../../kernel/index.ts';
import { makeReference, predictionLog, writeReference } from '../../monitoring/index.ts';
import { CHAMPION, localRegistry, localTracker } from '../../tracking/index.ts';
import type { ArgsSchema, Command } from '../command.ts';
import { runCommand, runPrepared } from '../command.ts';
import { experiments } from './experiments.ts';
import { models } from './models.ts';
import { commandFor } from './monitor.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const smallboat = <S extends ArgsSchema>(command: Command<S>, cwd: string, argv: readonly string[]): Promise<Ran> =>
  ran(cwd, (io) => runCommand(command, argv, io));

const monitor = (cwd: string, argv: readonly string[], env: Io['env'] = {}): Promise<Ran> =>
  ran(cwd, (io) => runPrepared(() => commandFor(argv), argv, io), env);

async function ran(cwd: string, run: (io: Io) => Promise<number>, env: Io['env'] = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    cwd,
    env,
    isTerminal: false,
    columns: 200,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    draw: (text) => err.push(text),
  };
  const code = await run(io);
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
      session: `s${i}`,
    });
  }
  return cwd;
}

describe('smallboat monitor', () => {
  it('prints the verdict and writes the page', async () => {
    const cwd = await home([6, 5, 2]);
    const { code, out } = await monitor(cwd, ['report']);
    expect(code).toBe(0);
    expect(out).toMatch(/^No drift: 300 predictions/);
    const page = join(cwd, '.smallboat', 'monitoring', 'report.html');
    expect(out).toContain(`Page: ${page}`);
    expect(await readFile(page, 'utf8')).toContain('No drift: 300 predictions');
  });

  it('exits with 0 on drift, and with 1 if asked to', async () => {
    const cwd = await home([5, 5, 5, 5, 5, 5, 2]);
    expect(await monitor(cwd, ['report'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Drift: /),
    });
    const { code, err } = await monitor(cwd, ['report', '--fail-on-drift']);
    expect(code).toBe(1);
    expect(err).toMatch(/^DRIFT_FOUND: Drift: /);
  });

  it('prints JSON of the window that was asked for', async () => {
    const { out } = await monitor(await home([6, 5, 2]), ['report', '--json', '--since', '2020-01-01']);
    expect(JSON.parse(out)).toMatchObject({ status: 'none', predictions: 300, window: { from: Date.UTC(2020, 0, 1) } });
  });

  it('says where it looked for a reference', async () => {
    const { code, err } = await monitor(await newFolder(), ['report']);
    expect(code).toBe(1);
    expect(err).toMatch(/^REFERENCE_NOT_FOUND: .*monitoring\/reference\.json/);
  });

  it.each([[[]], [['watch']], [['report', '--since', 'yesterday']]])('exits with 2 on %j', async (argv) => {
    expect((await monitor(await newFolder(), argv)).code).toBe(2);
  });
});

describe('smallboat monitor check', () => {
  const drifted = [5, 5, 5, 5, 5, 5, 2];
  // The command line of the shell, on any machine.
  const node = `"${process.execPath}"`;

  it('exits with 0 and says so if there is no alarm', async () => {
    const cwd = await home([6, 5, 2]);
    const { code, out } = await monitor(cwd, ['check', '--prometheus', 'figures.prom']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^No alarm\. No drift: 300 predictions/)]);
    expect(await readFile(join(cwd, 'figures.prom'), 'utf8')).toContain(
      'smallboat_monitor_alarm{model="model",kind="drift"} 0\n',
    );
  });

  it('exits with 1 while an alarm stands', async () => {
    const cwd = await home(drifted);
    const { code, out, err } = await monitor(cwd, ['check']);
    expect([code, out, err]).toEqual([
      1,
      expect.stringMatching(/^Alarm, drift: Drift: /),
      expect.stringMatching(/^ALARM_RAISED: Drift: /),
    ]);
    const { code: silent, err: problem } = await monitor(cwd, ['check', '--since', '2100-01-01', '--expect', '5']);
    expect([silent, problem]).toEqual([1, expect.stringMatching(/^ALARM_RAISED: Only 0 predictions/)]);
  });

  it('runs a command that mends it once, and exits with 0 if that worked', async () => {
    const cwd = await home(drifted);
    const script = 'console.log(process.env.SMALLBOAT_ALARMS, process.env.SMALLBOAT_ALARM_PAGE)';
    const argv = ['check', '--on-alarm', `${node} -e "${script}"`];
    const { code, err } = await monitor(cwd, argv);
    expect([code, err]).toEqual([0, expect.stringMatching(/^drift\S* .*report\.html\n$/)]);
    expect((await monitor(cwd, argv)).code).toBe(1);
  });

  it('exits with 1 if the command fails, and runs it again', async () => {
    const cwd = await home(drifted);
    const argv = ['check', '--on-alarm', `${node} -e "process.exit(3)"`];
    for (let i = 0; i < 2; i++) {
      expect(await monitor(cwd, argv)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/^ALARM_COMMAND_FAILED: .* ended with 3\./),
      });
    }
  });

  it('tells the addresses of the environment, and names none of their secrets', async () => {
    const cwd = await home(drifted);
    const env = { SMALLBOAT_ALARM_SLACK: 'no-url-but-secret' };
    const { code, err } = await monitor(cwd, ['check'], env);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^ALARM_UNDELIVERED: .* slack at its address: it is no URL/),
    ]);
    expect(err).not.toContain('secret');
  });

  it.each([
    ['--false-alarms', '2'],
    ['--webhook', 'nowhere'],
    ['--again-after', 'soon'],
    ['--expect', '-1'],
  ])('exits with 2 on %s %s', async (flag, value) => {
    expect((await monitor(await newFolder(), ['check', flag, value])).code).toBe(2);
  });
});

describe('smallboat monitor live and join', () => {
  it('label predictions from the warehouse, and measure them', async () => {
    const cwd = await home([6, 5, 2]);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(
      join(cwd, 'purchases.sql'),
      "select 's' || i as session, (now() at time zone 'UTC') + interval 1 second as at from range(0, 300, 4) t(i)",
    );
    const argv = ['join', '-q', 'purchases.sql', '-w', 'duckdb::memory:', '--horizon', '1m'];
    // The purchases are a second in the future: nobody has bought yet.
    expect((await monitor(cwd, argv)).out).toMatch(/^0 labelled as bought, 0 as not; .* 300 may still buy/);
    await writeFile(
      join(cwd, 'purchases.sql'),
      "select 's' || i as session, (epoch_ms(now()) - 1) as at from range(0, 300, 4) t(i)",
    );
    expect(JSON.parse((await monitor(cwd, [...argv, '--json'])).out)).toMatchObject({ bought: 75, waiting: 225 });
    const live = ['live', '--window', '1d', '--maturity', '1s', '--json'];
    const windows = JSON.parse((await monitor(cwd, [...live, '--missing-is-no'])).out) as { labelled: number }[];
    expect(windows.reduce((sum, w) => sum + w.labelled, 0)).toBe(300);
    expect((await monitor(cwd, live.slice(0, -1))).out).toMatch(/from \(UTC\) .*\n.*\n.* 300 +75 /);
    expect((await monitor(await newFolder(), ['live'])).out).toBe('No predictions in the log.');
  });

  it('says what a query lacks', async () => {
    const cwd = await home([6, 5, 2]);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(cwd, 'q.sql'), "select 'a' as session, 'soon' as at");
    const { code, err } = await monitor(cwd, ['join', '-q', 'q.sql', '-w', 'duckdb::memory:']);
    expect([code, err]).toEqual([1, expect.stringMatching(/^PURCHASES_UNREADABLE: .*a row has the time "soon"/)]);
  });
});

describe('smallboat monitor rules and dashboard', () => {
  it('print YAML and JSON', async () => {
    const cwd = await newFolder();
    expect((await monitor(cwd, ['rules'])).out).toMatch(/^groups:\n {2}- name: smallboat-monitor\n/);
    expect(JSON.parse((await monitor(cwd, ['rules', '--json'])).out)).toHaveProperty('groups');
    expect(JSON.parse((await monitor(cwd, ['dashboard'])).out)).toMatchObject({ uid: 'smallboat-monitor' });
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
