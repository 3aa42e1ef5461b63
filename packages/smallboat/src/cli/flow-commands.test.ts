import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from './commands.ts';
import { main } from './main.ts';
import { recordingIo } from './testing.ts';

const flowRoom = new URL('../flow/index.ts', import.meta.url).href;
const zod = import.meta.resolve('zod');

/** A flow with every kind of parameter, and a step that fails when it is told to by a file. */
const source = `
import { existsSync } from 'node:fs';
import * as z from '${zod}';
import { each, flow, step } from '${flowRoom}';

const points = step('points', { run: ({ rates, scale }: { rates: readonly number[]; scale: number }, { log }) => {
  log('made', { count: rates.length });
  return { list: rates.map((rate) => rate * scale), weights: new Float32Array(1000) };
} });
const fit = step('fit', { run: ({ point, home }: { point: number; home: string }, { card }) => {
  if (existsSync(home + '/broken')) throw new Error('no luck with ' + point);
  card({ kind: 'text', text: 'fitted ' + point });
  return { score: point };
} });
const best = step('best', { run: ({ fits, name, isLoud }: { fits: readonly { score: number }[]; name: string; isLoud: boolean }) => {
  const score = Math.max(...fits.map((f) => f.score));
  return { best: score, said: isLoud ? name.toUpperCase() : name };
} });

export const tune = flow(
  'Tune',
  {
    rates: z.array(z.number().positive()).default([1, 2]).describe('rates to try'),
    scaleFactor: z.number().default(1),
    name: z.enum(['one', 'two']).default('one'),
    isLoud: z.boolean().default(true),
    home: z.string(),
  },
  ({ rates, scaleFactor, name, isLoud, home }) => {
    const { list } = points({ rates, scale: scaleFactor });
    return best({ fits: each(list, (point) => fit({ point, home })), name, isLoud });
  },
);
`;

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-cli-'));
  await writeFile(join(cwd, 'flow.ts'), source);
});

async function smallboat(...argv: string[]) {
  const io = recordingIo(cwd);
  const code = await main(argv, io);
  return { code, ...io.said };
}

const aHome = async (): Promise<string> => mkdtemp(join(cwd, 'home-'));

describe('smallboat', () => {
  it('lists its commands in groups', async () => {
    const { code, out } = await smallboat('--help');
    expect(code).toBe(0);
    expect(out[0]).toMatch(/Flows:\n {2}run .*Data:\n.*Models:\n/s);
    expect(await smallboat()).toEqual({ code, out, err: [] });
  });

  it('has an entry for every file of a command, and each explains itself', async () => {
    const files = await readdir(new URL('./commands', import.meta.url));
    const names = files.filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts')).map((f) => f.slice(0, -3));
    expect(names.filter((name) => !(name in commands))).toEqual([]);
    for (const name of Object.keys(commands)) {
      const { code, out } = await smallboat(name, '--help');
      expect({ name, code }).toEqual({ name, code: 0 });
      expect(out[0]).toMatch(/Example: (?:smallboat|npm)/);
      expect(out[0], name).toContain('--json');
    }
  });

  it('guesses what command was meant', async () => {
    expect(await smallboat('rnu')).toMatchObject({ code: 2, err: [expect.stringContaining("'smallboat run'")] });
    expect(await smallboat('frobnicate')).toMatchObject({ code: 2, err: [expect.stringContaining('--help')] });
  });
});

describe('smallboat run', () => {
  it('turns flags into parameters, and its last line is the run', async () => {
    const home = await aHome();
    const { code, out } = await smallboat(
      'run',
      'flow.ts',
      '--rates',
      '0.5',
      '--rates',
      '4',
      '--scaleFactor',
      '2',
      '--no-is-loud',
      '--home',
      home,
      '--tag',
      'x',
    );
    expect(code).toBe(0);
    expect(out).toEqual([expect.stringMatching(/^Tune\/\d+$/)]);
    const { out: dumped } = await smallboat('dump', '--home', home, '--json');
    expect(JSON.parse(dumped[0] ?? '')).toEqual({
      [out[0] ?? '']: { rates: [0.5, 4], scaleFactor: 2, name: 'one', isLoud: false, home, best: 8, said: 'one' },
    });
  });

  it('takes parameters from a file, under the flags', async () => {
    const home = await aHome();
    await writeFile(join(cwd, 'params.json'), '{"rates":[3],"name":"two"}');
    await smallboat('run', 'flow.ts', '--params', 'params.json', '--name', 'one', '--home', home);
    const { out } = await smallboat('dump', '--home', home, '--json');
    expect(Object.values(JSON.parse(out[0] ?? ''))).toMatchObject([{ best: 3, said: 'ONE' }]);
  });

  it('runs the flow of a folder by its own settings, and a parameter that is named as a setting has its value', async () => {
    const app = await aHome();
    const places = `
import * as z from '${zod}';
import { flow, step } from '${flowRoom}';
const tell = step('tell', { run: (of: { home: string; warehouse: string }) => ({ said: of, profile: process.env.SMALLBOAT_PROFILE }) });
export const places = flow('Places', { home: z.string(), warehouse: z.string().default('') }, (of) => tell(of));`;
    await writeFile(join(app, 'flow.ts'), places);
    const profiles = `{ local: {}, far: { home: 'away', warehouse: 'duckdb:far' } }`;
    await writeFile(join(app, 'smallboat.config.ts'), `export const config = { profiles: ${profiles} };`);
    const home = join(app, 'away');
    vi.stubEnv('SMALLBOAT_PROFILE', undefined);
    expect(await smallboat('run', app, '--profile', 'far')).toMatchObject({ code: 0 });
    const read = async (): Promise<unknown> =>
      Object.values(JSON.parse((await smallboat('dump', '--home', home, '--json')).out[0] ?? ''));
    expect(await read()).toMatchObject([{ said: { home, warehouse: 'duckdb:far' }, profile: 'far' }]);
    await smallboat('run', app, '--profile', 'far', '--warehouse', 'duckdb:near');
    expect(await read()).toMatchObject([{ said: { warehouse: 'duckdb:near' } }]);
    expect(await smallboat('run', app, '--profile', 'near')).toMatchObject({
      code: 1,
      err: [expect.stringContaining("PROFILE_UNKNOWN: There is no profile 'near'")],
    });
    vi.unstubAllEnvs();
  });

  it('lists the parameters of the flow with defaults and descriptions', async () => {
    const { out } = await smallboat('run', 'flow.ts', '--help');
    expect(out[0]).toMatch(/--rates … +rates to try \(default \[1,2\]\) may be repeated/);
    expect(out[0]).toMatch(/--name … +one of one, two \(default one\)/);
    expect(out[0]).toMatch(/--no-is-loud/);
  });

  it.each([
    [['flow.ts', '--rate', '1'], '--rates'],
    [['flow.ts', '--rates', 'high'], '--rates: Invalid input'],
    [['flow.ts', '--rates', '-1'], 'rates'],
    [['flow.ts', '--name', 'three'], '--name: Invalid option'],
    [['flow.ts', '--max-workers', '0'], '--max-workers'],
    [['flow.ts', '--params', 'nowhere.json'], '--params'],
    [['flow.ts', '--params', 'list.json'], 'not an object'],
    [['flow.ts', '--params', 'other.json'], "no parameter 'rate'"],
    [['nowhere.ts'], 'nowhere.ts'],
    [[], '<flow>'],
  ])('%j is a wrong call: exit 2, nothing written', async (args, words) => {
    await writeFile(join(cwd, 'list.json'), '[1]');
    await writeFile(join(cwd, 'other.json'), '{"rate":1}');
    const home = join(cwd, 'never');
    const { code, err } = await smallboat('run', ...args, '--home', home);
    expect({ code, err }).toEqual({ code: 2, err: [expect.stringContaining(words)] });
    await expect(readFile(home)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says what is wrong with a file that has no flow, or does not load', async () => {
    await writeFile(join(cwd, 'empty.ts'), 'export const x = 1;');
    await writeFile(join(cwd, 'broken.ts'), 'export const = 1;');
    expect(await smallboat('run', 'empty.ts')).toMatchObject({
      code: 1,
      err: [expect.stringContaining('FLOW_NOT_FOUND')],
    });
    expect(await smallboat('run', 'broken.ts')).toMatchObject({
      code: 1,
      err: [expect.stringContaining('FLOW_FILE_BROKEN')],
    });
    expect(await smallboat('run', 'flow.ts#other')).toMatchObject({
      code: 1,
      err: [expect.stringContaining('It exports: Tune.')],
    });
  });
});

describe('a failed run', () => {
  it('exits with 1, is shown, logged, and resumed without naming its file', async () => {
    const home = await aHome();
    await writeFile(join(home, 'broken'), '');
    const failed = await smallboat('run', 'flow.ts', '--home', home, '--max-workers', '1');
    expect(failed.code).toBe(1);
    expect(failed.err.at(-1)).toMatch(/STEP_FAILED: Step fit\[0\] failed\.\n\n {2}Error: no luck with 1\n/);
    expect(failed.err.at(-1)).toContain(`--home home-`);

    const { out: runs } = await smallboat('runs', '--home', home, '--json');
    const [listed] = JSON.parse(runs[0] ?? '') as { run: string; state: string }[];
    expect(listed).toMatchObject({ state: 'failed', stepsDone: 1, steps: 3 });
    const shown = (await smallboat('show', '--home', home)).out.join('\n');
    expect(shown).toMatch(/points +done.*list, weights/);
    expect(shown).toMatch(/best +waiting/);
    expect(shown).toContain('fit[0]: no luck with 1');
    expect((await smallboat('logs', 'Tune/latest/points', '--home', home)).out).toEqual(['made count=2']);
    expect((await smallboat('logs', 'fit[0]', '--home', home)).out[0]).toBe('Error: no luck with 1');
    expect((await smallboat('dump', 'points', '--name', 'weights', '--json', '--home', home)).out).toEqual([
      JSON.stringify({ points: { weights: { typedArray: 'Float32Array', length: 1000, first: Array(10).fill(0) } } }),
    ]);

    expect(await smallboat('resume', '--home', home, '--no-is-loud')).toMatchObject({
      code: 2,
      err: [expect.stringContaining('isLoud = true, not false')],
    });
    await rm(join(home, 'broken'));
    const resumed = await smallboat('resume', '--home', home, '--json');
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.out[0] ?? '')).toMatchObject({ origin: listed?.run, state: 'done' });
    expect(resumed.err.join('\n')).toMatch(/points +taken over/);
    expect(await smallboat('resume', '--home', home)).toMatchObject({
      code: 1,
      err: [expect.stringContaining('ended well')],
    });
    expect((await smallboat('resume', '--from', 'best', '--home', home)).err.join('\n')).toMatch(
      /fit +2 tasks, taken over/,
    );

    const card = await smallboat('card', '--home', home);
    const page = await readFile(card.out[0] ?? '', 'utf8');
    expect(page).toContain('fitted 1');
    expect(page).toContain('rates');
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/);

    expect(await smallboat('logs', 'scrub', '--home', home)).toMatchObject({ code: 2 });
    expect((await smallboat('logs', 'scrub', `Tune/${listed?.run}/points`, '--home', home)).out[0]).toMatch(
      /^Deleted 1 log\./,
    );
    expect((await smallboat('logs', `Tune/${listed?.run}/points`, '--home', home)).out).toEqual([
      expect.stringMatching(/^\[REDACTED\] by /),
    ]);
    expect((await smallboat('check', 'flow.ts', '--dot')).out.join('\n')).toMatch(
      /^digraph "Tune" {\n[^]*subgraph "cluster_[^]*"fit";[^]*"points" -> "fit";[^]*}$/,
    );
  });

  it.each([
    [['show', 'Tune/12'], 'NO_RUNS', 1],
    [['logs'], 'NO_RUNS', 1],
    [['card'], 'NO_RUNS', 1],
    [['resume'], 'NOTHING_TO_RESUME', 1],
    [['runs', '--limit', '0'], 'USAGE', 2],
  ])('%j of an empty store says so', async (args, words, exit) => {
    const { err, code } = await smallboat(...args, '--home', await aHome());
    expect({ err, code }).toEqual({ err: [expect.stringContaining(words)], code: exit });
  });
});
