import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from './python.ts';
import { freePort, serverProcess } from './server.ts';

/** A stand-in for a Snowflake account: fakesnow's server, in memory. */
export interface FakeSnowflake extends AsyncDisposable {
  readonly port: number;
  /** `snowflake://user@account/<name>/PUBLIC?…`: a new database at the first login. It holds no password. */
  url(database: string): string;
  /** Environment for clients: SNOWFLAKE_PASSWORD. */
  readonly env: Readonly<Record<string, string>>;
  /** All that the server wrote. */
  said(): string;
}

/** Starts fakesnow with what it lacks for the SDK of Node (see `fakesnow_server.py`). Takes some seconds; share one a file. */
export async function startFakeSnowflake(): Promise<FakeSnowflake> {
  const port = await freePort();
  const program = fileURLToPath(new URL('fakesnow_server.py', import.meta.url));
  const server = await serverProcess(join(pythonEnv('fakesnow'), 'python'), [program, String(port)], {
    ready: async () =>
      fetch(`http://127.0.0.1:${port}/telemetry/send`, { method: 'POST' }).then(
        (answer) => answer.ok,
        () => false,
      ),
    stopSignal: 'SIGKILL',
  });
  const access = encodeURIComponent(`http://127.0.0.1:${port}`);
  return {
    port,
    url: (database) => `snowflake://sailor@fake/${database}/PUBLIC?warehouse=w&access_url=${access}`,
    env: { SNOWFLAKE_PASSWORD: 'not-looked-at' },
    said: () => server.said(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
