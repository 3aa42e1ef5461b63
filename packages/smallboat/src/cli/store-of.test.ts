import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { storeOf } from './store-of.ts';
import { recordingIo } from './testing.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-store-of-'));
});

const METAFLOW = { METAFLOW_HOME: '/nowhere', METAFLOW_DATASTORE_SYSROOT_LOCAL: '/team/runs' };
const home = '/project/.smallboat';
type Said = Pick<Parameters<typeof storeOf>[0], 'settings'> & { readonly isSaid?: boolean };
const folderOf = ({ settings, isSaid = false }: Said, env: Record<string, string> = {}): string =>
  storeOf({ home, isSaid, settings }, recordingIo(cwd, { METAFLOW_HOME: '/nowhere', ...env })).folder;

it('is the home where nobody says otherwise', () => {
  expect(folderOf({ settings: {} })).toBe(home);
  expect(folderOf({ settings: { isHomeChosen: true } })).toBe(home);
});

it('is what Metaflow’s configuration says, unless the home was chosen', () => {
  expect(folderOf({ settings: {} }, METAFLOW)).toBe('/team/runs');
  expect(folderOf({ settings: { isHomeChosen: true } }, METAFLOW)).toBe(home);
  expect(folderOf({ settings: {}, isSaid: true }, METAFLOW)).toBe(home);
});

it('is what `runs` says, whatever else is set', () => {
  expect(folderOf({ settings: { runs: 'metaflow', isHomeChosen: true } }, METAFLOW)).toBe('/team/runs');
  expect(folderOf({ settings: { runs: 'home' } }, METAFLOW)).toBe(home);
  expect(folderOf({ settings: { runs: 'metaflow' }, isSaid: true }, METAFLOW)).toBe(home);
  expect(() => folderOf({ settings: { runs: 'metaflow' } })).toThrow(/METAFLOW_DEFAULT_DATASTORE/);
});

it('does not mind what is wrong in a configuration that does not count', async () => {
  await writeFile(join(cwd, 'config.json'), '{');
  const env = { METAFLOW_HOME: cwd, METAFLOW_PROFILE: 'gone' };
  expect(folderOf({ settings: {}, isSaid: true }, env)).toBe(home);
  expect(() => folderOf({ settings: {} }, env)).toThrow(/config_gone\.json/);
});
