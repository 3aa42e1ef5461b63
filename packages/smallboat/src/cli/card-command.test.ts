import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from './main.ts';
import { recordingIo } from './testing.ts';

const flowRoom = new URL('../flow/index.ts', import.meta.url).href;
const zod = import.meta.resolve('zod');

const source = `
import * as z from '${zod}';
import { each, flow, step } from '${flowRoom}';

const list = step('list', { about: 'Makes points.', run: ({ count }: { count: number }) => ({ points: Array.from({ length: count }, (_, i) => i) }) });
const fit = step('fit', { run: ({ point }: { point: number }, { card }) => { card.text('fitted ' + point); return { score: point }; } });
const best = step('best', { run: ({ fits }: { fits: readonly { score: number }[] }) => ({ best: Math.max(...fits.map((f) => f.score)) }) });

export const tune = flow('Tune', { count: z.number().int().default(2).describe('points to try') }, ({ count }) =>
  best({ fits: each(list({ count }).points, (point) => fit({ point })) }), { about: 'Finds the best point.', owner: 'ada' });
`;

let cwd = '';
let run = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-card-'));
  await writeFile(join(cwd, 'flow.ts'), source);
  const { out } = await smallboat('run', 'flow.ts', '--max-workers', '1');
  run = out[0] ?? '';
});

async function smallboat(...argv: string[]) {
  const io = recordingIo(cwd);
  const code = await main(argv, io);
  return { code, ...io.said };
}

describe('smallboat card', () => {
  it('writes the card of the latest run, or of the one that is named', async () => {
    const { out } = await smallboat('card');
    expect(out).toEqual([join(cwd, '.smallboat/cards', `${run.replace('/', '-')}.html`)]);
    expect(await readFile(out[0] ?? '', 'utf8')).toContain('fitted 1');
    const named = await smallboat('card', run, '--out', 'own.html', '--json');
    expect(JSON.parse(named.out[0] ?? '')).toEqual({
      path: join(cwd, 'own.html'),
      flow: 'Tune',
      run: run.split('/')[1],
    });
  });

  it('writes the card of a task', async () => {
    const { out } = await smallboat('card', `${run}/fit[1]`);
    const page = await readFile(out[0] ?? '', 'utf8');
    expect(page).toContain('fitted 1');
    expect(page).not.toContain('fitted 0');
  });

  it('writes the card of a flow, without a run of it', async () => {
    const { out, code } = await smallboat('card', 'flow.ts');
    expect(code).toBe(0);
    const page = await readFile(out[0] ?? '', 'utf8');
    expect(page).toMatch(/Finds the best point[\s\S]*Who to ask: ada[\s\S]*Makes points[\s\S]*points to try/);
    expect(page).toContain(run.split('/')[1]);
  });

  it('makes the page with a template', async () => {
    await writeFile(
      join(cwd, 'mine.ts'),
      `export const card = async (run) => [{ kind: 'text', text: 'best ' + (await run.result()).best }];`,
    );
    const { out } = await smallboat('card', '--template', 'mine.ts', '--out', 'mine.html');
    expect(await readFile(out[0] ?? '', 'utf8')).toContain('<p>best 1</p>');
    const { err, code } = await smallboat('card', '--template', 'flow.ts');
    expect({ err, code }).toEqual({
      code: 1,
      err: [expect.stringMatching(/CARD_TEMPLATE_MISSING: .*it exports: tune/)],
    });
  });
});

describe('smallboat card list, get and view', () => {
  it('list the cards of a run', async () => {
    const { out } = await smallboat('card', 'list');
    expect(out[0]).toMatch(/path +of +card +size/);
    expect(out.join('\n')).toMatch(/Tune\/\d+\/fit\/\d+ +fit\[0\] +default +\d+ KiB/);
    const { out: json } = await smallboat('card', 'list', `${run}/fit`, '--json');
    expect((JSON.parse(json[0] ?? '') as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      'fit[0]',
      'fit[1]',
    ]);
  });

  it('print the page of a run or a task', async () => {
    expect((await smallboat('card', 'get', run)).out[0]).toMatch(/^<!doctype html>[\s\S]*Tune · done/);
    expect((await smallboat('card', 'get', 'fit[0]')).out[0]).toContain('fitted 0');
    const { err, code } = await smallboat('card', 'get', 'best');
    expect({ err, code }).toEqual({ code: 1, err: [expect.stringContaining('CARD_NOT_FOUND')] });
  });

  it('write the page to be viewed; where there is no terminal, nothing opens', async () => {
    const { out, code } = await smallboat('card', 'view', run);
    expect(code).toBe(0);
    expect(out[0]).toMatch(/\.html$/);
  });

  it('refuse a word too many', async () => {
    expect(await smallboat('card', run, 'fit')).toMatchObject({ code: 2, err: [expect.stringContaining("'fit'")] });
  });
});

describe('smallboat card serve', () => {
  it.each([
    [['serve'], /^http:\/\/127\.0\.0\.1:\d+\/$/, 'Tune/'],
    [['serve', 'Tune'], /\/Tune\/\d+$/, 'fitted 1'],
    [['Tune', '--watch'], /\/Tune\/\d+$/, 'fitted 1'],
  ])('%j shows cards at an address of this machine until it is stopped', async (args, address, words) => {
    const io = recordingIo(cwd);
    const ended = main(['card', ...args], io);
    await vi.waitFor(() => expect(io.said.out).toHaveLength(1), { timeout: 5000 });
    const [url = ''] = io.said.out;
    expect(url).toMatch(address);
    expect(await (await fetch(url)).text()).toContain(words);
    process.emit('SIGTERM');
    expect(await ended).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  });
});
