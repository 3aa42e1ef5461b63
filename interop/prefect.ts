import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from './python.ts';
import { freePort, serverProcess } from './server.ts';

export interface PrefectServer extends AsyncDisposable {
  /** Address of its API: `http://127.0.0.1:…/api`. Its pages are without `/api`. */
  readonly url: string;
}

/** Starts a real Prefect server over SQLite. Takes some ten seconds; share one a file. */
export async function startPrefect(): Promise<PrefectServer> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-prefect-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/api`;
  const server = await serverProcess(
    join(pythonEnv('prefect'), 'python'),
    ['-m', 'prefect', 'server', 'start', '--host', '127.0.0.1', '--port', String(port)],
    {
      env: { PREFECT_HOME: folder, PREFECT_API_URL: url, PREFECT_SERVER_ANALYTICS_ENABLED: 'false', DO_NOT_TRACK: '1' },
      ready: () =>
        fetch(`${url}/health`).then(
          (answer) => answer.ok,
          () => false,
        ),
    },
  );
  return {
    url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
