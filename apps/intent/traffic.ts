import { join, resolve } from 'node:path';
import type { Command } from 'smallboat/cli';
import { runCommand } from 'smallboat/cli';
import { loadSettings } from 'smallboat/config';
import type { Io } from 'smallboat/kernel';
import { processIo, writeWhole } from 'smallboat/kernel';
import type { Drift, DriftReport } from 'smallboat/monitoring';
import { DRIFTS, driftReport, predictionLog, readReference, renderDriftPage, sendTraffic } from 'smallboat/monitoring';
import { serve } from 'smallboat/serving';
import { CHAMPION, openRegistry } from 'smallboat/tracking';
import * as z from 'zod';

const Options = z.object({
  /** An endpoint that is up already, and logs to the same home. Default: the champion is served for the demo. */
  url: z.url().optional(),
  model: z.string().default('intent'),
  shoppers: z.coerce.number().int().min(200).default(3_000),
  drift: z.enum(DRIFTS).exclude(['none']).default('bots'),
  seed: z.coerce.number().int().min(0).default(1),
  /** Folder of Smallboat. Default: that of the configuration. */
  home: z.string().optional(),
});

export interface TrafficDemo extends Omit<z.infer<typeof Options>, 'home'> {
  /** Folder of Smallboat, absolute. */
  readonly home: string;
}

/** Shoppers as in the training data, a report; other shoppers, a report: drift as a newcomer would meet it. */
export async function demoTraffic(
  demo: TrafficDemo,
  io: Pick<Io, 'out'>,
  signal?: AbortSignal,
): Promise<readonly DriftReport[]> {
  const { home, model, shoppers, seed, drift } = demo;
  const champion = await (
    await openRegistry({ folder: join(home, 'models'), env: process.env })
  ).version(model, CHAMPION);
  const reference = await readReference(join(champion.folder, 'reference.json'));
  const predictions = join(home, 'monitoring', 'predictions');
  await using log = predictionLog({ folder: predictions });
  // Named after the log, so that it is closed before it.
  await using endpoint =
    demo.url === undefined
      ? await serve({ modelFolder: champion.folder, endpointName: model, predictionLog: log })
      : undefined;
  const url = demo.url ?? endpoint?.url ?? '';
  io.out(`Model ${model} version ${champion.version} answers at ${url}`);

  const reports: DriftReport[] = [];
  for (const [turn, kind] of (['none', drift] as const).entries()) {
    const from = Date.now();
    const sent = await sendTraffic({
      url,
      reference,
      shoppers,
      drift: kind,
      seed: seed + turn,
      ...(signal ? { signal } : {}),
    });
    await log.flush();
    const report = await driftReport({ reference, folder: predictions, from, now: Date.now() + 1 });
    const page = join(home, 'monitoring', kind === 'none' ? 'normal-traffic.html' : 'report.html');
    await writeWhole(page, renderDriftPage(report));
    reports.push(report);
    io.out('');
    io.out(`${turn + 1}. ${SCENES[kind]}`);
    const refused = Object.entries(sent.refused).map(([status, n]) => `, ${n} refused with ${status}`);
    io.out(
      `   ${sent.answered.toLocaleString('en')} shoppers answered in ${sent.seconds.toFixed(1)} s${refused.join('')}; mean probability to buy ${sent.meanPrediction.toFixed(3)}`,
    );
    io.out(`   ${report.sentence}`);
    io.out(`   ${page}`);
  }
  return reports;
}

const SCENES: Readonly<Record<Drift, string>> = {
  none: 'Shoppers as in the training data',
  bots: 'Now half of the sessions are scrapers',
  sale: 'Now there is a sale: little looking, much into the cart',
  pixel: 'Now the tag on the product page is broken: detail views arrive as plain views',
};

/** `npm run demo:traffic` */
export const traffic: Command<typeof Options> = {
  name: 'demo:traffic',
  call: 'npm run demo:traffic --',
  summary: 'Send shoppers as in the training data, then others, and show the drift appear.',
  example: 'npm run demo:traffic -- --drift sale',
  schema: Options,
  flags: {
    url: { type: 'string', help: 'an endpoint that is up and logs to the same home (default: the champion is served)' },
    model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
    shoppers: { type: 'string', help: 'shoppers of each kind, at least 200 (default 3000)' },
    drift: { type: 'string', help: 'what changes: bots (default), sale or pixel' },
    seed: { type: 'string', help: 'the same seed plays the same shoppers (default 1)' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
  },
  async run(options, io) {
    const settings = await loadSettings({ folder: import.meta.dirname, env: io.env });
    const { home = settings.home } = options;
    // npm changes into the workspace: a path is meant from where the command was typed.
    await demoTraffic({ ...options, home: resolve(io.env['INIT_CWD'] ?? io.cwd, home) }, io);
  },
};

if (import.meta.main) process.exitCode = await runCommand(traffic, process.argv.slice(2), processIo());
