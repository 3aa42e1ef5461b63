import { resolve } from 'node:path';
import * as z from 'zod';
import { generateDataset } from '../../synthetic/index.ts';
import type { GeneratedReport } from '../../synthetic/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';

const schema = z.object({
  out: z.string().min(1),
  rows: z.coerce.number().int().min(1).max(100_000_000).default(1_000_000),
  seed: z.coerce.number().int().nonnegative().default(1),
  format: z.enum(['csv', 'csv.gz', 'parquet']).default('csv'),
  products: z.coerce.number().int().positive().optional(),
  json: z.boolean().default(false),
});

/** `smallboat generate --out data --rows 1000000 --seed 1` */
export const command: Command<typeof schema> = {
  name: 'generate',
  summary: 'Make a log of shoppers of any size, whose best possible prediction is known.',
  example: 'smallboat generate --out data --rows 300000 --seed 1',
  schema,
  flags: {
    out: { type: 'string', short: 'o', help: 'folder for the three files; made if it is not there' },
    rows: { type: 'string', short: 'n', help: 'rows of browsing_train (default 1000000)' },
    seed: { type: 'string', short: 's', help: 'the same seed gives the same files (default 1)' },
    format: { type: 'string', short: 'f', help: 'csv, csv.gz or parquet (default csv)' },
    products: { type: 'string', help: 'products of the shop (default: by the rows, up to 66000)' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
  async run({ out, rows, seed, format, products, json }, io) {
    const report = await generateDataset({
      folder: resolve(io.cwd, out),
      rows,
      seed,
      format,
      ...(products === undefined ? {} : { products }),
      onProgress: drawProgress(io),
    });
    for (const line of json ? [JSON.stringify(report)] : linesOf(report)) io.out(line);
  },
};

function linesOf(report: GeneratedReport): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en-US');
  return [
    `${count(report.rows)} events of ${count(report.sessions)} sessions, ${count(report.searchRows)} searches, ${count(report.products)} products in ${report.seconds.toFixed(1)} s`,
    `${count(report.cartSessions)} sessions with an add, of which ${(report.buyShare * 100).toFixed(1)} % buy`,
    'events after the first add  best possible ROC-AUC',
    ...report.bestAuc.map(
      ({ events, auc, standardError }) =>
        `${String(events).padStart(26)}  ${auc.toFixed(3)} ± ${standardError.toFixed(3)}`,
    ),
    report.folder,
  ];
}
