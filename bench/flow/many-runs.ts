/**
 * A list of very many runs of one flow: the newest twenty, as the command line shows them, and all of them, as a program reads them.
 * Usage: `node bench/flow/many-runs.ts [runs]`, by default 100000.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openClient } from '../../packages/smallboat/src/flow/index.ts';
import { localRunStore } from '../../packages/smallboat/src/flow/store/local-run-store.ts';
import { seal } from '../../packages/smallboat/src/flow/store/seal.ts';
import { measure } from '../measure.ts';

const count = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), 'smallboat-bench-'));
const cli = join(import.meta.dirname, '../../packages/smallboat/bin/smallboat.js');

/** One run as a store writes it, and copies of its files under other ids: to write them all as a run does takes minutes. */
async function makeRuns(): Promise<void> {
  const start = Date.now() - count * 1000;
  await using store = localRunStore({ folder, clock: () => start });
  const first = Number(await store.createRun('Many'));
  const systemTags = (await store.run('Many', String(first)))?.systemTags ?? [];
  for (let i = 1; i < count; i += 1) {
    const run = String(first + i * 1e6);
    const at = start + i * 1000;
    const meta = join(folder, '.metaflow/Many', run, '_meta');
    mkdirSync(meta, { recursive: true });
    const self = {
      flow_id: 'Many',
      run_number: run,
      user_name: store.user,
      tags: [],
      system_tags: systemTags,
      ts_epoch: at,
    };
    const summary = { format: 1, state: 'done', endedAt: at + 140, steps: 3, stepsDone: 3 };
    const files = { _self: seal(self), smallboat: seal({ format: 1 }), summary: seal(summary), heartbeat: String(at) };
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(meta, name === 'heartbeat' ? name : `${name}.json`), text);
    }
  }
}

const median = (all: readonly number[]): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;

try {
  console.log(`making ${count} runs`);
  await makeRuns();
  const all: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    await using client = await openClient({ folder });
    const started = performance.now();
    let seen = 0;
    for await (const run of client.flow('Many').runs()) seen += run.id === '' ? 0 : 1;
    all.push((performance.now() - started) / 1000);
    if (seen !== count) throw new Error(`${seen} runs were listed`);
  }
  console.log(`all of them, by the client: ${median(all).toFixed(2)} s`);
  for (const limit of [20, count]) {
    const took: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      const args = [cli, 'runs', '--json', '--home', folder, '--namespace=', '--limit', String(limit)];
      const ran = await measure(process.execPath, args, { cwd: dirname(folder) });
      if (ran.exitCode !== 0) throw new Error(ran.stderr);
      took.push(ran.seconds);
    }
    console.log(`smallboat runs --json --limit ${limit}: ${median(took).toFixed(2)} s`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
