import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { TOKENS } from '../../features/index.ts';
import { newKey } from '../../serving/index.ts';
import { CHAMPION, localRegistry } from '../../tracking/index.ts';
import { initialWeights, writeModel } from '../../training/index.ts';
import { runCommand } from '../command.ts';
import { serve } from './serve.ts';

let cwd = '';

async function writeTestModel(folder: string, version: string): Promise<void> {
  await writeModel(folder, {
    name: 'intent',
    version,
    weights: initialWeights(16, 1),
    hyper: { units: 16, learningRate: 0.001, batchSize: 32, epochs: 1, patience: 1, seed: 1 },
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'intent/1', dataSnapshot: 'none', codeHash: 'none' },
  });
}

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const modelFolder = join(cwd, 'model');
  await writeTestModel(modelFolder, 'm-1');
  const registry = localRegistry({ folder: join(cwd, '.smallboat/models') });
  const { version } = await registry.register({ name: 'intent', modelFolder });
  await registry.alias('intent', version, CHAMPION);
});

/** The command in a process of its own, as a shell runs it. */
function start(argv: readonly string[]): ChildProcess {
  const here = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
  const program = `
    const [{ runCommand }, { serve }, { processIo }] =
      await Promise.all([import(${here('../command.ts')}), import(${here('./serve.ts')}), import(${here('../../kernel/index.ts')})]);
    process.exitCode = await runCommand(serve, ${JSON.stringify(argv)}, processIo());`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The first line it prints: JSON. Rejects with what it complains of if it ends before that. */
async function firstLine(child: ChildProcess): Promise<Record<'url' | 'endpoint' | 'model' | 'log', string>> {
  let complaint = '';
  child.stderr?.on('data', (part: Buffer) => (complaint += part.toString()));
  const text = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (part: Buffer) => resolve(part.toString()));
    child.once('close', () => reject(new Error(complaint)));
  });
  return JSON.parse(text) as Record<'url' | 'endpoint' | 'model' | 'log', string>;
}

async function quietly(argv: readonly string[]): Promise<{ code: number; err: string[] }> {
  const err: string[] = [];
  const io = {
    cwd,
    env: {},
    isTerminal: false,
    columns: 80,
    out: () => undefined,
    err: (line: string) => void err.push(line),
    draw: () => undefined,
  };
  return { code: await runCommand(serve, argv, io), err };
}

it('serves the champion until it is told to stop, and writes the log out', async () => {
  const child = start(['--port', '0', '--json']);
  const { url, endpoint, model, log } = await firstLine(child);
  expect([endpoint, model, log]).toEqual(['intent', 'm-1', join(cwd, '.smallboat/monitoring/predictions')]);
  const answer = (await (await fetch(`${url}/predict?session=view,detail,add`)).json()) as { prediction: number };
  expect(answer.prediction).toBeGreaterThan(0);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await readdir(log)).toHaveLength(1);
});

it('serves a folder, under a name, without a log', async () => {
  const child = start(['--folder', 'model', '--name', 'shop', '--port', '0', '--no-log', '--json']);
  expect(await firstLine(child)).toMatchObject({ endpoint: 'shop', model: 'm-1', log: null });
  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it.each([
  [['--port', '99999'], 2, 'USAGE: --port'],
  [['--prot', '80'], 2, 'USAGE: Unknown option'],
  [['--version', '7'], 1, 'MODEL_VERSION_NOT_FOUND: '],
  [['--model', 'rec'], 1, 'MODEL_VERSION_NOT_FOUND: '],
  [['--folder', 'nowhere'], 1, 'MODEL_MISSING: '],
])('refuses %j with %i', async (argv, code, message) => {
  const result = await quietly(argv);
  expect(result.code).toBe(code);
  expect(result.err[0]).toContain(message);
});

it('follows the alias to the next model without a failed request, and asks for keys', async () => {
  const registry = localRegistry({ folder: join(cwd, '.smallboat/models') });
  const { key, entry } = newKey({ name: 'test', scopes: ['predict'] }, randomBytes);
  await writeFile(join(cwd, 'keys.json'), JSON.stringify({ keys: [entry] }));
  const child = start(['--port', '0', '--json', '--no-log', '--follow', '0.1', '--keys', 'keys.json']);
  const { url } = await firstLine(child);
  expect((await fetch(`${url}/predict?session=add`)).status).toBe(401);
  const modelNow = async (): Promise<string> => {
    const response = await fetch(`${url}/predict?session=add`, { headers: { 'x-api-key': key } });
    expect(response.status).toBe(200);
    return ((await response.json()) as { model: string }).model;
  };
  expect(await modelNow()).toBe('m-1');
  await writeTestModel(join(cwd, 'model-2'), 'm-2');
  const { version } = await registry.register({ name: 'intent', modelFolder: join(cwd, 'model-2') });
  await registry.alias('intent', version, CHAMPION);
  while ((await modelNow()) !== 'm-2') await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
