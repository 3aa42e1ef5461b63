import { mkdtemp, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { apiKeys, readKeys } from '../../serving/index.ts';
import { runCommand } from '../command.ts';
import { command } from './keys.ts';

it('makes a key, keeps its hash alone, lists it and takes it away', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    cwd,
    env: {},
    isTerminal: false,
    columns: 80,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    draw: () => undefined,
  };
  const run = (...argv: string[]): Promise<number> => runCommand(command, argv, io);

  expect(await run()).toBe(1);
  expect(err.pop()).toContain('KEYS_INVALID');
  expect(await run('--add', 'shop', '--scope', 'predict', '--scope', 'feedback')).toBe(0);
  const key = out.pop() ?? '';
  const path = join(cwd, 'keys.json');
  expect(await readFile(path, 'utf8')).not.toContain(key.slice(3));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const keys = apiKeys(await readKeys(path));
  expect(keys.refusal(key, 'feedback', 0)).toBeUndefined();
  expect(keys.refusal(key, 'admin', 0)).toEqual({ kind: 'scope', name: 'shop' });

  expect(await run('--add', 'shop')).toBe(1);
  expect(err.pop()).toContain('KEY_NAME_TAKEN');
  expect(await run('--json')).toBe(0);
  expect(JSON.parse(out.pop() ?? '')).toEqual({
    keys: [{ name: 'shop', scopes: ['predict', 'feedback'], expiresAt: null }],
  });
  expect(await run('--remove', 'shopp')).toBe(1);
  expect(err.pop()).toContain('KEY_NAME_UNKNOWN');
  expect(await run('--add', 'ops', '--scope', 'root')).toBe(2);
});
