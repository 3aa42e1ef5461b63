import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measure, mebibytes } from './measure.ts';
import { comparePeers } from './peers.ts';
import { generate, measurePipeline, node, stageTable } from './pipeline.ts';

const bin = join(import.meta.dirname, '../packages/smallboat/bin/smallboat.js');

/** The fastest of several: the others were disturbed. */
async function fastest(times: number, run: () => Promise<{ readonly seconds: number }>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) best = Math.min(best, (await run()).seconds);
  return best;
}

/**
 * `npm run bench`: the command line, the pipeline over generated files, and the same files through today's Python tools.
 * `--short` at a size for CI; `--rows N` (repeatable) for other sizes of the pipeline, to 36000000.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      rows: { type: 'string', multiple: true },
      peers: { type: 'string' },
    },
  });
  const sizes = (values.rows ?? (values.short ? ['100000'] : ['1000000', '5000000'])).map(Number);
  const peerRows = Number(values.peers ?? (values.short ? 30_000 : 1_000_000));

  const help = await fastest(5, () => measure(node, [bin, '--help']));
  console.log(`smallboat --help: ${Math.round(help * 1000)} ms, start to exit, the fastest of 5\n`);

  const scratch = mkdtempSync(join(tmpdir(), 'smallboat-bench-'));
  try {
    const runs = [];
    for (const rows of sizes) {
      const data = join(scratch, `data-${rows}`);
      const generated = await generate(data, rows);
      const run = await measurePipeline(data, join(scratch, `home-${rows}`));
      runs.push({ name: `${rows.toLocaleString('en')} rows`, generated, run });
      rmSync(data, { recursive: true });
      rmSync(join(scratch, `home-${rows}`), { recursive: true });
    }
    console.log('The pipeline over generated files: seconds and peak memory of the whole process tree');
    for (const line of stageTable(runs)) console.log(line);
    const peak = Math.max(...runs.map(({ run }) => run.whole.peakBytes));
    console.log(`peak over all: ${mebibytes(peak)} MiB\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }

  console.log(`Today's Python tools on the same files: ${peerRows.toLocaleString('en')} rows`);
  for (const line of await comparePeers(peerRows)) console.log(line);
}

await main();
