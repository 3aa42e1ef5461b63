import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { predictionLog } from '../packages/smallboat/src/monitoring/index.ts';
import { localRegistry } from '../packages/smallboat/src/tracking/index.ts';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const run = promisify(execFile);

/** The pipeline on a sample that trains in seconds. */
const pipeline = (home: string, seed: number): string[] => [
  at('apps/intent/start.ts'),
  '--home',
  home,
  '--seed',
  String(seed),
  '--rows=60000',
  '--units=8',
  '--epochs=2',
  '--inputs=actions',
];

it('an alarm trains again, and the new model goes through the same gate', { timeout: 300_000 }, async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const home = join(cwd, 'home');
  await run(process.execPath, pipeline(home, 1), { cwd });
  const registry = localRegistry({ folder: join(home, 'models') });
  const before = (await registry.versions('intent')).length;
  // Bots: nothing but product pages.
  {
    await using log = predictionLog({ folder: join(home, 'monitoring', 'predictions') });
    const tokens = [0, ...Array.from({ length: 40 }, () => 5), 2];
    for (let i = 0; i < 400; i++) {
      log.append({ id: `b${i}`, at: Date.now(), endpoint: 'intent', modelVersion: '1', tokens, prediction: 0.9 });
    }
  }
  const command = [process.execPath, ...pipeline(home, 2)].map((word) => `'${word}'`).join(' ');
  const since = new Date(Date.now() - 10_000).toISOString();
  const reference = before > 0 ? [] : ['--reference', await candidateReference(home)];
  const argv = ['monitor', 'check', '--home', home, '--since', since, ...reference, '--on-alarm', command, '--json'];
  const { stdout, stderr } = await run(process.execPath, [at('packages/smallboat/bin/smallboat.js'), ...argv], { cwd });
  expect(JSON.parse(stdout)).toMatchObject({ status: 'drift', acted: expect.arrayContaining(['drift']) });
  // Registered if the gate let it, and only then.
  const [, said = ''] = /^gate +(.*)$/m.exec(stderr) ?? [];
  expect(said).not.toBe('');
  expect(await registry.versions('intent')).toHaveLength(said.startsWith('Refused') ? before : before + 1);
  await rm(cwd, { recursive: true });
});

/** The reference of the one candidate, where the gate refused it. */
async function candidateReference(home: string): Promise<string> {
  const [only = ''] = await readdir(join(home, 'candidates'));
  return join(home, 'candidates', only, 'reference.json');
}
