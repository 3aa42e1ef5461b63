import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, serverProcess } from './server.ts';

const source = fileURLToPath(new URL('otlp-receiver', import.meta.url));
const root = fileURLToPath(new URL('.venv', import.meta.url));

/** Whether this machine can build it. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** The receiver of the OpenTelemetry Collector that takes OTLP over HTTP, and what it took. */
export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  /** Requests as the Collector understood them: its own JSON of them. */
  taken(): readonly unknown[];
}

/** Built once, with Go, from the Collector's own modules. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = await serverProcess(built(), [address], { ready: () => listens(port) });
  return {
    url: `http://${address}`,
    taken: () =>
      server
        .said()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): unknown => JSON.parse(line)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function built(): string {
  const hash = createHash('sha256');
  for (const name of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, name)));
  const program = join(root, `otlp-receiver-${hash.digest('hex').slice(0, 12)}`);
  if (existsSync(program)) return program;
  mkdirSync(root, { recursive: true });
  const part = `${program}.${process.pid}`;
  execFileSync('go', ['build', '-o', part, '.'], { cwd: source, stdio: 'pipe' });
  renameSync(part, program);
  return program;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
