import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A port of the loopback that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

export interface ServerProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** All that it wrote so far, of both streams. */
  said(): string;
}

export interface ServerOptions extends SpawnOptions {
  /** Whether it answers by now; asked again until it says so. */
  readonly ready: () => Promise<boolean>;
  /** Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
}

/** Starts a server and waits, for two minutes at most, until it answers. It ends by dispose, or with this process. */
export async function serverProcess(
  command: string,
  args: readonly string[],
  { ready, stopSignal = 'SIGTERM', ...options }: ServerOptions,
): Promise<ServerProcess> {
  const child = spawn(command, [...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  }
  const last = (): void => void child.kill('SIGKILL');
  process.once('exit', last);
  let unstarted: unknown;
  child.once('error', (error) => (unstarted = error));
  const gone = once(child, 'exit').then(
    () => process.removeListener('exit', last),
    () => process.removeListener('exit', last),
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(stopSignal);
    await gone;
  };
  for (let tries = 0; ; tries++) {
    if (unstarted !== undefined) throw new Error(`${command} cannot be started`, { cause: unstarted });
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${command} ended at once:\n${text}`);
    if (await ready()) return { child, said: () => text, [Symbol.asyncDispose]: stop };
    if (tries === 1200) {
      child.kill('SIGKILL');
      throw new Error(`${command} does not answer:\n${text}`);
    }
    await delay(100);
  }
}

/** Whether something listens at a port of this machine. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const isUp = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isUp;
}
