import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Io } from '../../kernel/index.ts';
import { writeWhole } from '../../kernel/index.ts';
import { localRegistry } from '../../tracking/index.ts';
import { runCommand } from '../command.ts';
import { models } from './models.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const modelFolder = join(cwd, 'model');
  await writeWhole(join(modelFolder, 'weights.txt'), '1 2 3');
  const registry = localRegistry({ folder: join(cwd, '.smallboat/models') });
  for (const passed of [true, true, false]) {
    const gate = { passed, reason: passed ? 'Passed: it is better.' : 'Refused: it is worse.' };
    await registry.register({ name: 'intent', modelFolder, gate });
  }
});

async function smallboat(...argv: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const said: string[] = [];
  const io: Io = {
    cwd,
    env: { USER: 'ann' },
    isTerminal: false,
    columns: 200,
    out: (line) => said.push(line),
    err: (line) => said.push(line),
    draw: () => undefined,
  };
  const code = await runCommand(models, argv, io);
  return { code, said: said.join('\n') };
}

it('promotes, goes back, and tells what served when', async () => {
  const before = new Date().toISOString();
  for (const version of ['1', '2']) await smallboat('promote', 'intent', version);
  expect(await smallboat('rollback', 'intent', '--reason', 'slow')).toMatchObject({
    code: 0,
    said: expect.stringContaining('champion is version 1'),
  });
  const { said } = await smallboat('history', 'intent');
  expect(said.split('\n').slice(-3)).toEqual([
    expect.stringMatching(/promote +1 +ann +Passed: it is better\./),
    expect.stringMatching(/promote +2 +ann/),
    expect.stringMatching(/rollback +1 +ann +slow/),
  ]);
  expect((await smallboat('history', 'intent', '--at', '2020-01-01')).said).toMatch(/nothing was champion/);
  expect((await smallboat('history', 'intent', '--at', '2999-01-01')).said).toMatch(/version 1 was champion at 2999/);
  const { said: json } = await smallboat('history', 'intent', '--json');
  const second = (JSON.parse(json) as { readonly at: number }[])[1]?.at ?? 0;
  expect(second).toBeGreaterThanOrEqual(Date.parse(before));
});

it('promotes nothing that the gate refused, unless somebody says why', async () => {
  expect(await smallboat('promote', 'intent', '3')).toMatchObject({
    code: 1,
    said: expect.stringContaining('Refused: it is worse.'),
  });
  expect((await smallboat('promote', 'intent', '3', '--override', 'the old one is broken')).code).toBe(0);
  expect((await smallboat('history', 'intent')).said).toContain('Gate overridden: the old one is broken');
});

it.each([
  ['promote'],
  ['promote', 'intent'],
  ['rollback'],
  ['promote', 'intent', 'x'],
  ['history', 'intent', '--at', 'noon'],
])('exits with 2 for %j %j', async (...argv) => {
  expect((await smallboat(...argv)).code).toBe(2);
});
