import { join } from 'node:path';
import { pythonEnv } from './python.ts';
import { freePort, listens, serverProcess } from './server.ts';

/** A real Temporal server. */
export interface TemporalServer extends AsyncDisposable {
  readonly address: string;
  /** What tells clients and workers of it. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Temporal's development server: its own program, from a Python package that has it.
 *
 * @param options.file where it keeps what it knows; without one in memory.
 */
export async function startTemporal({ file }: { readonly file?: string } = {}): Promise<TemporalServer> {
  const port = await freePort();
  const program = join(pythonEnv('temporal'), 'temporal');
  const args = [
    'server',
    'start-dev',
    '--headless',
    '--log-level',
    'error',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
  ];
  if (file !== undefined) args.push('--db-filename', file);
  const server = await serverProcess(program, args, { ready: () => listens(port) });
  const address = `127.0.0.1:${port}`;
  return {
    address,
    env: { TEMPORAL_ADDRESS: address },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
