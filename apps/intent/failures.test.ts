import { execFileSync } from 'node:child_process';
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRunStore, readRun } from 'smallboat/flow';
import { localRegistry } from 'smallboat/tracking';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shop } from './pipeline.testing.ts';
import {
  aFolder,
  aHome,
  aShop,
  bareStart,
  leftovers,
  rawRows,
  removeFolders,
  smallboat,
  start,
} from './pipeline.testing.ts';

const BROWSING = 'browsing_train.csv';
const LOADED = { browsing_train_raw: 3000, search_train_raw: 66, sku_to_content_raw: 602, _ingested_files: 3 };

let shop: Shop;
/** A home in which the pipeline has run to its end. */
let home = '';
let run = '';
let candidate = '';
afterAll(removeFolders);
beforeAll(async () => {
  shop = await aShop();
  home = await aHome();
  const { code, out, err } = await start(['--data', shop.folder, '--home', home, '--json']).ended;
  expect(code, err).toBe(0);
  run = (JSON.parse(out) as { run: string }).run; // What --json prints.
  candidate = join(home, 'candidates', run);
});

/** The files of a shop, the cells of every browsing row changed. */
const withRows = (change: (cells: string[], row: number) => string[]): Promise<string> =>
  shop.damaged(BROWSING, (text) =>
    text
      .split('\n')
      .map((line, i) => (i === 0 || line === '' ? line : change(line.split(','), i).join(',')))
      .join('\n'),
  );
const withAction = (from: string, to: string): Promise<string> =>
  withRows((cells) => cells.map((cell, i) => (i === 2 && cell === from ? to : cell)));

/** One byte in the middle of a file is another. */
async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** A copy of the home, and the file of an artifact in it. */
async function copyOf(step: string, artifact: string): Promise<{ readonly copy: string; readonly blob: string }> {
  const copy = join(await aFolder(), 'home');
  await cp(home, copy, { recursive: true });
  await using store = await openRunStore({ folder: copy });
  const { steps } = await readRun(store, { flow: 'intent', run });
  const key = steps.find(({ name }) => name === step)?.tasks[0]?.artifacts[artifact] ?? '';
  return { copy, blob: join(copy, '.metaflow', 'intent', 'data', key.slice(0, 2), key) };
}

describe.concurrent('npm start on data that cannot be learned from', () => {
  it.each([
    {
      what: 'no session with an add',
      data: () => withAction('add', 'detail'),
      says: ['Step dataset failed', 'DATASET_EMPTY: public.distinct_events', 'has no session with an add'],
    },
    {
      what: 'one class only',
      data: () => withAction('purchase', 'detail'),
      says: ['Step dataset failed', 'DATASET_ONE_CLASS', / \d+ examples, 0 of them with a purchase/],
    },
    {
      what: 'an action that no model of dbt knows',
      data: () =>
        withRows((cells, row) => (row % 1000 === 500 ? cells.with(1, 'event_product').with(2, 'wish') : cells)),
      says: [
        'Step transform failed',
        'TESTS_FAILED: 1 test failed. Not built because of it: session_stats, cart_sessions, sessions.',
        /distinct_events_normalized_action.*: 1 failure\n.*"wish","n_records":3/,
      ],
    },
    {
      what: 'an action that the expectations refuse',
      data: () => withRows((cells, row) => (row % 1000 === 500 ? cells.with(1, 'pageview').with(2, 'wish') : cells)),
      says: [
        'Step validate failed',
        'EXPECTATIONS_FAILED: 1 of 12 expectations failed.',
        /product_action .*3 of 3,000 not.*for example wish/,
        /3 failing rows are in quality_quarantine\."browsing_train"/,
      ],
    },
  ])('stops with counts and values: $what', async ({ data, says }) => {
    const empty = await aHome();
    const { code, out, err } = await start(['--data', await data(), '--home', empty]).ended;
    expect({ code, out }, err).toEqual({ code: 1, out: '' });
    for (const words of says) expect(err).toMatch(words);
    expect(err).not.toMatch(/^\s+at /m);
    expect(await leftovers(empty)).toEqual([]);
    expect(await rawRows(empty)).toEqual(LOADED);
    expect(await readdir(empty)).not.toContain('tracking');
  });

  it('goes on with corrected files, from empty tables as the message says', async () => {
    const own = await aHome();
    const wrong = await withRows((cells, row) =>
      row === 500 ? cells.with(1, 'event_product').with(2, 'wish') : cells,
    );
    const refused = await start(['--data', wrong, '--home', own]).ended;
    const [, move = ''] = /move them away \('(.+?)'\)/.exec(refused.err) ?? [];
    execFileSync('sh', ['-c', move]);
    const { code, out, err } = await start(['--data', shop.folder, '--home', own]).ended;
    expect(code, err).toBe(0);
    expect(out).toContain('3,000 browsing rows from ');
    expect(await rawRows(own)).toEqual(LOADED);
  });

  it('takes columns in any order', async () => {
    const reordered = await withRows((cells) => cells.toReversed());
    const path = join(reordered, BROWSING);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.replace(/^.*/, (head) => head.split(',').toReversed().join(',')),
    );
    const other = await aHome();
    const { code, out, err } = await start(['--data', reordered, '--home', other, '--json']).ended;
    expect(code, err).toBe(0);
    await using store = await openRunStore({ folder: home });
    const { steps } = await readRun(store, { flow: 'intent', run });
    const key = steps.find(({ name }) => name === 'dataset')?.tasks[0]?.artifacts['dataHash'];
    expect(JSON.parse(out)).toMatchObject({ rows: 3000, dataHash: key && (await store.load('intent', key)) });
  });
});

describe.concurrent('npm start where things are broken or taken', () => {
  it('lets one of two work, and tells the other who has the folder', async () => {
    const shared = await aHome();
    const first = start(['--data', shop.folder, '--home', shared]);
    await first.said('Run intent/');
    const second = await start(['--data', shop.folder, '--home', shared]).ended;
    expect(second).toMatchObject({ code: 1, out: '' });
    expect(second.err).toMatch(new RegExp(`^ALREADY_RUNNING: .*process ${first.child.pid}, .*--home\\.\n$`));
    const { code, err } = await first.ended;
    expect(code, err).toBe(0);
    expect(await leftovers(shared, { withModel: true })).toEqual([]);
    await using store = await openRunStore({ folder: shared });
    expect(await store.runs('intent')).toHaveLength(1);
  });

  it('refuses a changed artifact, and makes it again where the message says', async () => {
    const { copy, blob } = await copyOf('dataset', 'examples');
    await flip(blob);
    const refused = await smallboat(['resume', '--from', 'select', '--home', copy]).ended;
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(`ARTIFACT_CORRUPT: The artifact in ${blob} is not what was stored`);
    const [, again = ''] = /smallboat (resume --run \d+ --from dataset --home \S+)/.exec(refused.err) ?? [];
    const resumed = await smallboat(again.split(' ')).ended;
    expect(resumed.code, resumed.err).toBe(0);
    expect(resumed.err).toContain('done   validate   taken over');
  });

  it(
    'says so where the warehouse of a run is gone, and loads the files again where the message says',
    { timeout: 120_000 },
    async () => {
      const gone = await aHome();
      const first = start(['--data', shop.folder, '--home', gone]);
      await first.said('start  transform');
      await first.killAll();
      await rm(join(gone, 'warehouse.duckdb'));
      await rm(join(gone, 'warehouse.duckdb.wal'), { force: true });
      const refused = await bareStart(['--resume', '--home', gone]).ended;
      expect(refused).toMatchObject({ code: 1, out: '' });
      const [, again = ''] = /RAW_TABLES_GONE: .*smallboat (resume --from ingest --home \S+)/.exec(refused.err) ?? [];
      const resumed = await smallboat(again.split(' ')).ended;
      expect(resumed.code, resumed.err).toBe(0);
      expect(await rawRows(gone)).toEqual(LOADED);
    },
  );

  it('serves no changed model', async () => {
    const folder = join(await aFolder(), 'home');
    const registry = localRegistry({ folder: join(folder, 'models') });
    const registered = await registry.register({ name: 'intent', modelFolder: candidate });
    await registry.alias('intent', registered.version, 'champion', 'for this test');
    await flip(join(registered.folder, 'weights.safetensors'));
    const { code, out, err } = await smallboat(['serve', '--home', folder, '--port', '0']).ended;
    expect({ code, out }, err).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^MODEL_VERSION_CORRUPT: .*weights\.safetensors/);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each([
    ['where it begins', 8],
    ['inside its tables', 700_000],
  ])('names a damaged warehouse, and the way to work again without it: %s', async (_, from) => {
    const broken = await aHome();
    const path = join(broken, 'warehouse.duckdb');
    const bytes = await readFile(join(home, 'warehouse.duckdb'));
    for (let at = from; at < bytes.length; at += 4000) bytes[at] = (bytes[at] ?? 0) ^ 255;
    await writeFile(path, bytes);
    const refused = await start(['--data', shop.folder, '--home', broken]).ended;
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain(`WAREHOUSE_CORRUPT: ${path} is not a sound DuckDB file`);
    expect(refused.err).not.toMatch(/^\s+at /m);
    if (from === 8) return; // The way out is the same for both.
    const [, move = ''] = /Move it away \('(.+?)'\)/.exec(refused.err) ?? [];
    execFileSync('sh', ['-c', move]);
    const again = await start(['--data', shop.folder, '--home', broken]).ended;
    expect(again.code, again.err).toBe(0);
  });
});

describe.concurrent('npm start called wrongly', () => {
  it('says so where its home is a file', async () => {
    const file = join(await aFolder(), 'home');
    await writeFile(file, 'mine');
    const { code, out, err } = await bareStart(['--data', shop.folder, '--home', file]).ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^FOLDER_NOT_WRITABLE: Nothing can be written in .*\n$/);
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it.each([
    [['--epoch', '3'], "Unknown option '--epoch', perhaps --epochs"],
    [['--rows', 'many'], '--rows: '],
    [['--rows', '100000001'], '--rows: '],
    [['--protocol', 'mine'], '--protocol: '],
  ])('exits with 2: %j', async (args, says) => {
    const folder = join(await aFolder(), 'home');
    const { code, out, err } = await bareStart([...args, '--home', folder]).ended;
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^USAGE: .* See 'npm start -- --help'\.\n$/);
    expect(err).toContain(says);
    expect(await rawRows(folder)).toBeNull();
  });
});
