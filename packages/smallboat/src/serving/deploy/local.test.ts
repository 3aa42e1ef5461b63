import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeTestModel } from '../testing/test-model.ts';
import { targetContract } from './contract.ts';
import { localTarget } from './local.ts';

targetContract({
  name: 'local',
  create: async () => localTarget({ folder: await mkdtemp(join(tmpdir(), 'smallboat-')) }),
  model: writeTestModel,
});

it('tries a model on live requests, keeps it or drops it, and loses none of them', async () => {
  const home = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await using target = localTarget({ folder: home });
  const options = { say: () => undefined };
  const release = async (
    version: string,
    seed: number,
  ): Promise<{ name: string; modelFolder: string; modelVersion: string }> => ({
    name: 'shop',
    modelFolder: await writeTestModel(join(home, 'in', version), version, seed),
    modelVersion: version,
  });
  try {
    const { url = '' } = await target.deploy(await release('m-1', 1), options);
    const traffic = async (): Promise<void> => {
      const statuses = await Promise.all(
        Array.from({ length: 60 }, () => fetch(`${url}/predict?session=view,add`).then((r) => r.status)),
      );
      expect(new Set(statuses)).toEqual(new Set([200]));
    };
    const trial = await target.deploy(await release('m-2', 2), { ...options, canary: { share: 0.5, requests: 20 } });
    expect(trial).toMatchObject({
      state: 'trial',
      modelVersion: 'm-1',
      detail: expect.stringContaining('m-2 is tried'),
    });
    await traffic();
    expect(await target.status('shop')).toMatchObject({ state: 'up', modelVersion: 'm-2', previous: 'm-1' });
    await target.deploy(await release('m-3', 3), { ...options, canary: { share: 0.5, requests: 5000 } });
    await traffic();
    expect(await target.rollback('shop')).toMatchObject({ state: 'up', modelVersion: 'm-2' });
    // The model in use, and one to go back to.
    expect((await readdir(join(home, 'shop/models'))).length).toBeLessThanOrEqual(2);
    expect((await fetch(`${url}/admin/model`)).status).toBe(401);
  } finally {
    await target.destroy('shop');
    await rm(home, { recursive: true, force: true });
  }
});
