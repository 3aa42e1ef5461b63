import { existsSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { destinationsOf, openTracker } from './open-tracker.ts';

const folder = '/home/me/.smallboat/tracking';
const uri = 'https://me:canary-pass@mlflow.example:5000/';

it.each([
  [{}, []],
  [{ MLFLOW_TRACKING_URI: uri }, ['mlflow:https://mlflow.example:5000']],
  [{ WANDB_API_KEY: 'k' }, ['wandb:https://api.wandb.ai']],
  [{ WANDB_API_KEY: 'k', WANDB_BASE_URL: 'https://wandb.here/' }, ['wandb:https://wandb.here']],
  [{ WANDB_API_KEY: 'k', WANDB_MODE: 'offline' }, ['wandb-offline:/home/me/.smallboat/wandb']],
  [{ WANDB_API_KEY: 'k', WANDB_MODE: 'disabled' }, []],
  [{ WANDB_MODE: 'offline', WANDB_DIR: '/data' }, ['wandb-offline:/data/wandb']],
  [{ COMET_API_KEY: 'k', COMET_WORKSPACE: 'team' }, ['comet:https://www.comet.com/team']],
  [{ COMET_API_KEY: 'k', COMET_URL_OVERRIDE: 'https://comet.here/clientlib/' }, ['comet:https://comet.here']],
  [
    { MLFLOW_TRACKING_URI: uri, WANDB_MODE: 'offline' },
    ['mlflow:https://mlflow.example:5000', 'wandb-offline:/home/me/.smallboat/wandb'],
  ],
])('chooses by what is configured: %j', async (env, locations) => {
  expect((await destinationsOf({ folder, env })).map((d) => d.location)).toEqual(locations);
});

it('takes those that are chosen, and asks for what they need', async () => {
  const env = { MLFLOW_TRACKING_URI: uri, WANDB_MODE: 'offline' };
  expect((await destinationsOf({ folder, env, trackers: ['wandb'] })).map((d) => d.name)).toEqual(['wandb-offline']);
  expect(await destinationsOf({ folder, env, trackers: [] })).toEqual([]);
  await expect(destinationsOf({ folder, env: {}, trackers: ['mlflow'] })).rejects.toMatchObject({
    code: 'TRACKER_NOT_CONFIGURED',
  });
  await expect(destinationsOf({ folder, env: { MLFLOW_TRACKING_URI: './mlruns' } })).rejects.toMatchObject({
    code: 'MLFLOW_URI_INVALID',
  });
});

it('tracks into the local log and to W&B at once, and says where Neptune went', async () => {
  const home = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const told: string[] = [];
  const tracker = await openTracker({
    folder: join(home, 'tracking'),
    env: { WANDB_MODE: 'offline', NEPTUNE_API_TOKEN: 'token' },
    tell: (problem) => told.push(problem),
  });
  const run = await tracker.startRun({ id: 'one', experiment: 'intent' });
  await run.finish();
  expect((await readdir(join(home, 'wandb'))).map((name) => name.slice(-4))).toEqual(['-one']);
  expect(told).toEqual([expect.stringContaining('nothing is sent to Neptune')]);
});

it('sends while the run goes on, though the thread that logs has no time', async () => {
  const home = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const env = { WANDB_MODE: 'offline' };
  const tracker = await openTracker({ folder: join(home, 'tracking'), env, tell: () => undefined });
  await using run = await tracker.startRun({ id: 'busy', experiment: 'intent' });
  await run.logMetrics({ loss: 1 });
  // No promise of this thread goes on meanwhile.
  for (const until = performance.now() + 20_000; performance.now() < until && !existsSync(join(home, 'wandb'));) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
  expect(existsSync(join(home, 'wandb'))).toBe(true);
});
