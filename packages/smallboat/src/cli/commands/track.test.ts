import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Io } from '../../kernel/index.ts';
import { localTracker } from '../../tracking/index.ts';
import { runCommand } from '../command.ts';
import { command } from './track.ts';

async function track(
  cwd: string,
  env: Io['env'],
  argv: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io: Io = {
    cwd,
    env,
    isTerminal: false,
    columns: 200,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    draw: () => undefined,
  };
  const code = await runCommand(command, argv, io);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function tracked(): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'smallboat-'));
  const run = await localTracker({ folder: join(cwd, '.smallboat/tracking') }).startRun({
    id: 'one',
    experiment: 'intent',
  });
  await run.logMetrics({ loss: 1 });
  await run.finish();
  return cwd;
}

it('says what is left to send, and that sending it failed', async () => {
  const closed = createServer((_, response) => response.writeHead(401).end('who are you?')).listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  const uri = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const cwd = await tracked();
  const env = { MLFLOW_TRACKING_URI: uri.replace('//', '//me:canary@') };
  const status = await track(cwd, env, ['status']);
  expect(status).toMatchObject({ code: 0, out: expect.stringMatching(/intent +one +mlflow:http.* left/) });
  const sync = await track(cwd, env, ['sync', '--json']);
  expect(JSON.parse(sync.out)).toMatchObject([{ run: 'one', outcome: 'failed' }]);
  expect(sync).toMatchObject({ code: 1, err: expect.stringContaining('answered 401 who are you?') });
  expect(sync.err + sync.out + status.out).not.toContain('canary');
  closed.close();
});

it('asks for a tracking system where none is configured, and tells users of Neptune where it went', async () => {
  const answer = await track(await tracked(), { NEPTUNE_API_TOKEN: 'x' }, ['sync']);
  expect(answer.code).toBe(2);
  expect(answer.err).toMatch(/nothing is sent to Neptune[\s\S]*No tracking system is configured/);
});

it('names the variables of a tracker that is chosen and not configured', async () => {
  const answer = await track(await tracked(), { SMALLBOAT_TRACKERS: 'mlflow' }, ['sync']);
  expect(answer).toMatchObject({ code: 1, err: expect.stringContaining('set MLFLOW_TRACKING_URI') });
});
