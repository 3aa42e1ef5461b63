import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployRelease } from './deploy-release.ts';
import type { DeployTarget } from './target.ts';

export interface TargetContract {
  readonly name: string;
  /** A target with nothing deployed; the suite calls it once. */
  readonly create: () => Promise<DeployTarget>;
  /** Writes a model folder with weights of its own. */
  readonly model: (folder: string, version: string, seed: number) => Promise<string>;
}

/** The promises of `DeployTarget`, as tests in order: one endpoint, from nothing to nothing. */
export function targetContract({ name, create, model }: TargetContract): void {
  describe(`${name} keeps the contract of DeployTarget`, () => {
    let target: DeployTarget;
    let folder = '';
    const models: string[] = [];
    const said: string[] = [];
    const options = { name: 'contract', say: (line: string) => void said.push(line) };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
      for (const seed of [1, 2, 3]) models.push(await model(join(folder, `model-${seed}`), `m-${seed}`, seed));
      target = await create();
    });
    afterAll(async () => {
      await target.destroy('contract');
      await target[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    });

    const up = async (version: string): Promise<void> => {
      expect(await target.status('contract')).toMatchObject({ name: 'contract', state: 'up', modelVersion: version });
    };

    it('knows nothing of what is not there', async () => {
      expect(await target.status('contract')).toEqual({ name: 'contract', state: 'absent' });
      await expect(target.predict('contract', ['add'])).rejects.toMatchObject({ code: 'DEPLOYMENT_UNKNOWN' });
      await expect(target.logs('contract', 10)).rejects.toMatchObject({ code: 'DEPLOYMENT_UNKNOWN' });
      await expect(target.rollback('contract')).rejects.toMatchObject({ code: 'DEPLOYMENT_UNKNOWN' });
      await target.destroy('contract');
    });

    it('creates the endpoint, which answers as the model does', async () => {
      await deployRelease(target, { ...options, modelFolder: models[0] ?? '' });
      await up('m-1');
      expect(said.join('\n')).toContain('A smoke prediction gave');
      await expect(target.rollback('contract')).rejects.toMatchObject({ code: 'NO_PREVIOUS_MODEL' });
    });

    it('changes it under its name, and goes back', async () => {
      const first = await target.predict('contract', ['view', 'add']);
      await deployRelease(target, { ...options, modelFolder: models[1] ?? '' });
      await up('m-2');
      expect(await target.predict('contract', ['view', 'add'])).not.toBe(first);
      expect((await target.status('contract')).previous).toBe('m-1');
      await target.rollback('contract');
      await up('m-1');
      expect(await target.predict('contract', ['view', 'add'])).toBe(first);
    });

    it('takes the same model again', async () => {
      await deployRelease(target, { ...options, modelFolder: models[0] ?? '' });
      await up('m-1');
    });

    it('refuses a model that is none, and goes on answering', async () => {
      await expect(deployRelease(target, { ...options, modelFolder: folder })).rejects.toMatchObject({
        code: 'MODEL_MISSING',
      });
      await expect(
        deployRelease(target, { ...options, name: 'a b', modelFolder: models[0] ?? '' }),
      ).rejects.toMatchObject({
        code: 'ENDPOINT_NAME_INVALID',
      });
      await up('m-1');
    });

    it('puts back what was there when the smoke prediction is another', async () => {
      const wrong: DeployTarget = { ...target, predict: () => Promise.resolve(0.123) };
      await expect(deployRelease(wrong, { ...options, modelFolder: models[2] ?? '' })).rejects.toMatchObject({
        code: 'SMOKE_FAILED',
      });
      await up('m-1');
    });

    it('has a log', async () => {
      expect((await target.logs('contract', 5)).length).toBeGreaterThan(0);
    });

    it('leaves nothing', async () => {
      await target.destroy('contract');
      expect(await target.status('contract')).toEqual({ name: 'contract', state: 'absent' });
    });
  });
}
