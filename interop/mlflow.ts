import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonEnv } from './python.ts';
import { freePort, serverProcess } from './server.ts';

export interface MlflowServer extends AsyncDisposable {
  readonly uri: string;
  /** For MLflow's Python client. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a real MLflow server over SQLite, with its artifacts in a folder. Takes up to a minute; share one a file. */
export async function startMlflow(): Promise<MlflowServer> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-mlflow-'));
  const bin = pythonEnv('mlflow');
  const port = await freePort();
  const uri = `http://127.0.0.1:${port}`;
  const quiet = { MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true' };
  const server = await serverProcess(
    join(bin, 'python'),
    `-m mlflow server --host 127.0.0.1 --port ${port} --workers 1 --backend-store-uri sqlite:///${folder}/mlflow.db --artifacts-destination ${folder}/artifacts`.split(
      ' ',
    ),
    {
      cwd: folder,
      env: { ...process.env, ...quiet, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      // It starts workers of its own: all of them end together.
      detached: true,
      ready: async () =>
        fetch(`${uri}/health`).then(
          (answer) => answer.ok,
          () => false,
        ),
    },
  );
  return {
    uri,
    env: { ...quiet, MLFLOW_TRACKING_URI: uri },
    async [Symbol.asyncDispose]() {
      const { pid } = server.child;
      if (pid !== undefined && server.child.exitCode === null) process.kill(-pid, 'SIGTERM');
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
