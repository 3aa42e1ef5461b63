import { expect, it } from 'vitest';
import { loadSdk } from './sdk.ts';

it('names the package that is missing, and nothing else that goes wrong', async () => {
  const missing = 'not-installed-anywhere';
  await expect(loadSdk(missing, 'postgres://a@b/c', () => import(missing))).rejects.toMatchObject({
    code: 'WAREHOUSE_SDK_MISSING',
    message: `postgres://a@b/c needs the package ${missing}, which is not installed. Run 'npm install ${missing}'.`,
  });
  await expect(loadSdk(missing, 'x', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
