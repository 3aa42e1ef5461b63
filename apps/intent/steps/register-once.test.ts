import { appendFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localRegistry } from 'smallboat/tracking';
import { expect, it } from 'vitest';
import { registerOnce } from './register-once.ts';

it('registers a model once, a better one again, and one anew whose files are damaged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-register-'));
  const modelFolder = join(folder, 'model');
  const registry = localRegistry({ folder: join(folder, 'models') });
  await mkdir(modelFolder);
  await writeFile(join(modelFolder, 'weights'), 'w');
  const model = { name: 'intent', modelFolder, trackedRun: 'r1', metrics: { rocAuc: 0.7 } };
  const first = await registerOnce(registry, model);
  expect([first.version, (await registerOnce(registry, model)).version]).toEqual([1, 1]);
  expect((await registerOnce(registry, { ...model, metrics: { rocAuc: 0.8 } })).version).toBe(2);
  expect((await registerOnce(registry, { ...model, trackedRun: 'r2' })).version).toBe(3);
  await appendFile(join(first.folder, 'weights'), '!');
  expect((await registerOnce(registry, model)).version).toBe(4);
});
