import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { writeTestModel } from '../../serving/testing/test-model.ts';
import { runCommand } from '../command.ts';
import { command } from './deploy.ts';

let cwd = '';

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  await writeTestModel(join(cwd, 'model-1'), 'm-1', 1);
  await writeTestModel(join(cwd, 'model-2'), 'm-2', 2);
});

async function deploy(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
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
  return { code: await runCommand(command, argv, io), out: out.join('\n'), err: err.join('\n') };
}

it('deploys here, changes the model, goes back, and takes all of it down', async () => {
  try {
    const first = await deploy('--folder', 'model-1', '--json');
    expect([first.code, first.err]).toEqual([0, expect.stringContaining('A smoke prediction gave')]);
    const { url } = JSON.parse(first.out) as { url: string };
    expect((await (await fetch(`${url}/predict?session=add`)).json()) as object).toMatchObject({ model: 'm-1' });
    expect(JSON.parse((await deploy('--folder', 'model-2', '--json')).out)).toMatchObject({ url, modelVersion: 'm-2' });
    expect((await deploy('status')).out).toMatch(/model +m-2\nbefore it +m-1/);
    expect((await deploy('rollback')).out).toMatch(/model +m-1/);
    expect((await deploy('logs')).out).toContain('"message":"up"');
  } finally {
    expect((await deploy('destroy')).out).toMatch(/state +absent/);
  }
  expect((await deploy('logs')).err).toContain('DEPLOYMENT_UNKNOWN');
});

it('writes what a team deploys by its own means', async () => {
  const lambda = await deploy('--to', 'lambda', '--folder', 'model-1', '--package', 'out/lambda');
  expect(lambda.code).toBe(0);
  expect(await readdir(join(cwd, 'out/lambda'))).toEqual(['function.zip', 'serverless.yml', 'template.json']);
  const sagemaker = await deploy(
    '--to',
    'sagemaker',
    '--folder',
    'model-1',
    '--package',
    'out/sagemaker',
    '--budget',
    '90',
  );
  expect(sagemaker.err).toContain('About $84.25 a month');
  expect(await readdir(join(cwd, 'out/sagemaker'))).toEqual(['image', 'model.tar.gz', 'template.json']);
  expect(await readFile(join(cwd, 'out/sagemaker/template.json'), 'utf8')).toContain('"Default": 90');
});

it.each([
  [['--to', 'moon'], 2, '--to'],
  [['fly'], 2, '<action>'],
  [['--canary', '2'], 2, '--canary'],
  [['--package', 'x'], 2, '--package'],
  [['--folder', 'nowhere'], 1, 'MODEL_MISSING'],
  [['--to', 'sagemaker', '--folder', 'model-1', '--region', 'us-east-1', '--budget', '10'], 2, '--budget'],
  [['--to', 'sagemaker', '--folder', 'model-1', '--region', 'us-east-1', '--instance', 'ml.x'], 1, 'PRICE_UNKNOWN'],
])('refuses %j with %i', async (argv, code, message) => {
  const result = await deploy(...argv);
  expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
});
