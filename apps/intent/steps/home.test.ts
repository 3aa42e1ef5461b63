import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deployTo } from './deploy-to.ts';
import { homeOf } from './home.ts';
import { openWarehouseOf } from './tables.ts';

let temp = '';
const tempFolder = (): Promise<string> => Promise.resolve(temp);
beforeEach(async () => void (temp = await mkdtemp(join(tmpdir(), 'smallboat-home-'))));
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(temp, { recursive: true });
});

it('is the home of the run where a step runs on its machine, and nothing is taken along', async () => {
  const home = await homeOf(temp, { tempFolder });
  expect([home.folder, home.isPassing, home.pathOf(join(temp, 'a'))]).toEqual([temp, false, join(temp, 'a')]);
  expect(await home.kept()).toEqual({});
});

it('is a folder of the task in a container, whose files are taken along', async () => {
  vi.stubEnv('SMALLBOAT_TASK', '{}');
  const home = await homeOf('/home/ada/.smallboat', { tempFolder });
  expect(home.folder.startsWith(temp)).toBe(true);
  expect(home.isPassing).toBe(true);
  await mkdir(join(home.folder, 'pages'), { recursive: true });
  await writeFile(join(home.folder, 'pages/a.html'), 'a');
  expect(await home.kept()).toEqual({ 'pages/a.html': new TextEncoder().encode('a') });
  expect(home.pathOf(join(home.folder, 'pages/a.html'))).toBe('/home/ada/.smallboat/pages/a.html');
});

it('is the home of the run in containers that mount it', async () => {
  vi.stubEnv('SMALLBOAT_TASK', '{}');
  vi.stubEnv('SMALLBOAT_SHARED_FOLDER', '1');
  expect(await homeOf(temp, { tempFolder })).toMatchObject({ folder: temp, isPassing: false });
});

it('refuses there what is of one machine: a file of DuckDB, an endpoint here, the sources of a function', async () => {
  vi.stubEnv('SMALLBOAT_TASK', '{}');
  const tables = { warehouse: 'duckdb:/home/ada/w.duckdb', home: temp, memoryLimitMiB: 0 };
  const never = new AbortController().signal;
  await expect(openWarehouseOf(tables, never)).rejects.toMatchObject({ code: 'WAREHOUSE_NOT_SHARED' });
  const home = await homeOf(temp, { tempFolder });
  for (const to of ['local', 'lambda']) {
    vi.stubEnv('SMALLBOAT_DEPLOY', to);
    const deploying = deployTo('intent', { modelFolder: temp, home, say: () => undefined });
    await expect(deploying).rejects.toMatchObject({ code: 'ENDPOINT_NOT_HERE', facts: { to } });
  }
});
