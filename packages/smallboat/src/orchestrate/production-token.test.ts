import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { productionToken, tokenErrors } from './production-token.ts';

const aHome = (): string => mkdtempSync(join(tmpdir(), 'smallboat-token-'));

it('is made once, and is the same from then on', async () => {
  const home = aHome();
  const token = await productionToken({ name: 'f', home });
  expect(token).toMatch(/^production-token-0-[a-z]{4}$/);
  const deployed = { token, owner: 'ada' };
  expect(await productionToken({ name: 'f', home, deployed })).toBe(token);
});

it('is asked of whoever did not make the deployment, once', async () => {
  const deployed = { token: 'production-token-0-abcd', owner: 'ada' };
  const home = aHome();
  await expect(productionToken({ name: 'f', home, deployed })).rejects.toMatchObject({
    code: tokenErrors.PRODUCTION_TOKEN_NEEDED.code,
  });
  const wrong = productionToken({ name: 'f', home, deployed, authorize: 'guess' });
  await expect(wrong).rejects.toMatchObject({ code: tokenErrors.PRODUCTION_TOKEN_WRONG.code });
  expect(await productionToken({ name: 'f', home, deployed, authorize: deployed.token })).toBe(deployed.token);
  expect(await productionToken({ name: 'f', home, deployed })).toBe(deployed.token);
});

it('can be replaced, and rises', async () => {
  const home = aHome();
  const deployed = { token: await productionToken({ name: 'f', home }), owner: 'ada' };
  expect(await productionToken({ name: 'f', home, deployed, generatesNew: true })).toMatch(/^production-token-1-/);
  const again = { token: await productionToken({ name: 'f', home }), owner: 'ada' };
  expect(await productionToken({ name: 'f', home, deployed: again, newToken: 'ours' })).toBe('ours');
});
