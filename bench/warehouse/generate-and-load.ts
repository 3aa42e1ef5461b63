/**
 * Time and peak memory of making and of loading the three files, by size and format. Each stage is a process of its own.
 *
 *     node bench/warehouse/generate-and-load.ts 1000000:csv 1000000:csv.gz 5000000:csv 36000000:csv
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Figures {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly note: string;
}

const run = promisify(execFile);
const stage = fileURLToPath(new URL('./stage.ts', import.meta.url));
const sizes = process.argv.slice(2);
console.log(`node ${process.version}, ${availableParallelism()} cores, once each; DuckDB's memory_limit 2 GiB`);
console.log('rows:format            stage      seconds   rows/s     peak MiB');
for (const size of sizes.length > 0 ? sizes : ['1000000:csv', '1000000:csv.gz', '1000000:parquet', '5000000:csv']) {
  const [rows = '', format = 'csv'] = size.split(':');
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
  try {
    for (const name of ['generate', 'load']) {
      const { stdout } = await run(process.execPath, [stage, name, folder, rows, format]);
      const { seconds, peakMiB, note } = JSON.parse(stdout) as Figures; // the last line of our own script
      const speed = Math.round(Number(rows) / seconds);
      console.log(
        `${size.padEnd(22)} ${name.padEnd(10)} ${seconds.toFixed(2).padStart(7)} ${String(speed).padStart(8)} ${peakMiB.toFixed(0).padStart(12)}  ${note}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
