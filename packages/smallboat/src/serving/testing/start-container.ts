import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { RunningContainer } from '../sagemaker/conformance.ts';

/** Starts what a container would start, on a port that is free. */
export async function startContainer(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<RunningContainer> {
  const port = await freePort();
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], SAGEMAKER_BIND_TO_PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = once(child, 'exit');
  return {
    url: `http://127.0.0.1:${port}`,
    async terminate() {
      child.kill('SIGTERM');
      const [code] = (await gone) as [number | null];
      return code;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return address.port;
}
