import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { DriftReport } from '../packages/smallboat/src/monitoring/index.ts';
import {
  alarmsOf,
  driftReport,
  grafanaDashboard,
  makeReference,
  monitoringMetrics,
  predictionLog,
  ruleFor,
} from '../packages/smallboat/src/monitoring/index.ts';
import { seededRandom } from '../packages/smallboat/src/monitoring/seeded-random.ts';
import { scoreOf, shop, shopExamples } from '../packages/smallboat/src/monitoring/test-shop.ts';
import { prometheusBin } from './prometheus.ts';

const smallboat = fileURLToPath(new URL('../packages/smallboat/bin/smallboat.js', import.meta.url));
const random = seededRandom(2026);
const { examples, scores } = shopExamples(5_000, random);
const reference = makeReference({ examples, scores, model: { name: 'intent' }, clock: () => 0 });

/** A window of `n` predictions with labels, as the shop makes them or as `change` does, and the report about it. */
async function windowOf(
  n: number,
  { change = (e) => e, rate }: { readonly change?: (events: number[]) => number[]; readonly rate: number },
): Promise<DriftReport> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const log = predictionLog({ folder });
  const next = shop(random);
  for (let i = 0; i < n; i++) {
    const events = change(next());
    const prediction = scoreOf(events);
    const about = { endpoint: 'intent', modelVersion: '1', tokens: [0, ...events], prediction };
    log.append({ id: `p${i}`, at: i, ...about });
    log.feedback({ id: `p${i}`, at: i, label: random() < prediction ? 1 : 0 });
  }
  await log.close();
  const report = await driftReport({ reference, folder, now: n, rule: ruleFor(rate) });
  await rm(folder, { recursive: true });
  return report;
}

describe('alarms', () => {
  it('are false in no more of 1,000 windows without a change than the rate says', async () => {
    const rate = 0.05;
    let raised = 0;
    const significant = { drift: 0, performance: 0 };
    for (let i = 0; i < 1_000; i++) {
      const report = await windowOf(300, { rate });
      if (alarmsOf(report).length > 0) raised++;
      if (report.features.some((f) => f.test.adjustedP < rate / 3)) significant.drift++;
      if (report.performance?.status === 'worse') significant.performance++;
    }
    // Even with nothing but chance, a rate of exactly 0.05 gives more than 67 in one run of a hundred only.
    expect(raised).toBeLessThanOrEqual(67);
    // The tests alone keep their part of the rate too, before a difference has to be large as well: 17 are expected at most.
    expect(significant.drift).toBeLessThanOrEqual(27);
    expect(significant.performance).toBeLessThanOrEqual(27);
    console.log(`A/A: ${raised} of 1,000 windows raised an alarm at a rate of ${rate}`, significant);
  });

  it('are raised by changes worth an alarm, in nearly all windows', async () => {
    // A broken tag: every detail view arrives as a plain view.
    const pixel = (events: number[]): number[] => events.map((token) => (token === 5 ? 6 : token));
    let raised = 0;
    for (let i = 0; i < 50; i++)
      raised += alarmsOf(await windowOf(300, { change: pixel, rate: 0.01 })).length > 0 ? 1 : 0;
    expect(raised).toBeGreaterThanOrEqual(48);
  });
});

describe('Prometheus', () => {
  it('loads the rules, scrapes the figures, and fires', { timeout: 120_000 }, async () => {
    const bin = prometheusBin();
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
    const drifted = await windowOf(300, { change: () => [5, 5, 5, 5, 5, 5, 2], rate: 0.01 });
    const text = monitoringMetrics({ ...drifted, madeAt: Date.now() });
    await writeFile(join(folder, 'metrics.txt'), text);
    const run = promisify(execFile);
    const printed = await run(process.execPath, [smallboat, 'monitor', 'rules'], { cwd: folder });
    await writeFile(join(folder, 'rules.yml'), printed.stdout);
    await run(join(bin, 'promtool'), ['check', 'rules', join(folder, 'rules.yml')]);
    const linted = run('bash', ['-c', `'${bin}/promtool' check metrics < '${folder}/metrics.txt'`]);
    expect((await linted).stderr).toBe('');

    const server = createServer((_, response) => response.end(text));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await writeFile(
      join(folder, 'prometheus.yml'),
      // JSON is YAML too.
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: ['rules.yml'],
        scrape_configs: [{ job_name: 'smallboat', static_configs: [{ targets: [target] }] }],
      }),
    );
    const port = await freePort();
    const prometheus = spawn(
      join(bin, 'prometheus'),
      ['--config.file=prometheus.yml', '--storage.tsdb.path=data', `--web.listen-address=127.0.0.1:${port}`],
      { cwd: folder, stdio: 'ignore' },
    );
    try {
      const ask = async (path: string): Promise<string> => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
        return (await answer?.text()) ?? '';
      };
      const alarm = `query?query=${encodeURIComponent('ALERTS{alertname="SmallboatDrift",alertstate="firing",model="intent"}')}`;
      await expect.poll(() => ask(alarm), { timeout: 60_000, interval: 500 }).toContain('"severity":"warning"');
      expect(await ask('rules')).not.toContain('"health":"err"');
      const expressions = grafanaDashboard().panels.flatMap((panel) =>
        (panel['targets'] as { expr: string }[]).map(({ expr }) => expr.replaceAll('$model', '.*')),
      );
      for (const expr of expressions) {
        const answer = await ask(`query?query=${encodeURIComponent(expr)}`);
        expect([expr, answer]).toEqual([expr, expect.stringMatching(/"status":"success".*"metric":/)]);
      }
    } finally {
      prometheus.kill('SIGKILL');
      server.close();
    }
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
