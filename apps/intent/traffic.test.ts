import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOKENS, examplesOf } from 'smallboat/features';
import { makeReference, writeReference } from 'smallboat/monitoring';
import { CHAMPION, localRegistry } from 'smallboat/tracking';
import { initialWeights, loadModel, writeModel } from 'smallboat/training';
import { expect, it } from 'vitest';
import { demoTraffic } from './traffic.ts';

/** A home with a champion: a model as it is before training, and its reference over sessions of a small shop. */
async function home(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const model = join(folder, 'candidate');
  const hyper = { units: 4, learningRate: 0.001, batchSize: 128, epochs: 1, patience: 1, seed: 1 };
  await writeModel(model, {
    name: 'intent',
    weights: initialWeights(4, 1),
    hyper,
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'intent/1', dataSnapshot: 'none', codeHash: 'none' },
  });
  const sessions = Array.from({ length: 2_000 }, (_, i) => [
    TOKENS.start,
    ...Array.from({ length: i % 7 }, (__, at) => ((i + at) % 3 === 0 ? TOKENS.detail : TOKENS.view)),
    TOKENS.add,
    ...(i % 4 === 0 ? [TOKENS.view, TOKENS.detail] : []),
  ]);
  const examples = examplesOf(
    sessions.map((tokens, i) => ({ tokens, label: i % 5 === 0 ? 1 : 0, decision: i % 4 === 0 ? 1 : 0 })),
  );
  const scores = (await loadModel(model)).predict(sessions.map((tokens) => Uint8Array.from(tokens)));
  await writeReference(join(model, 'reference.json'), makeReference({ examples, scores }));
  const registry = localRegistry({ folder: join(folder, 'models') });
  await registry.register({ name: 'intent', modelFolder: model });
  await registry.alias('intent', 1, CHAMPION);
  return folder;
}

it('shows no drift with shoppers as in the training data, and drift with others', async () => {
  const folder = await home();
  const lines: string[] = [];
  const demo = { home: folder, model: 'intent', shoppers: 400, seed: 1 } as const;
  for (const drift of ['bots', 'sale', 'pixel'] as const) {
    const reports = await demoTraffic({ ...demo, drift }, { out: (line) => lines.push(line) });
    expect(reports.map((r) => [r.status, r.predictions])).toEqual([
      ['none', 400],
      ['drift', 400],
    ]);
  }
  expect(lines[0]).toMatch(/^Model intent version 1 answers at http:\/\/127\.0\.0\.1:\d+$/);
  expect(await readFile(join(folder, 'monitoring', 'report.html'), 'utf8')).toContain('Drift: 400 predictions');
});
