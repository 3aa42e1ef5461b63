import { join } from 'node:path';
import { pythonEnv } from './python.ts';
import { freePort, serverProcess } from './server.ts';

/** A stand-in for AWS: moto's server, in memory. */
export interface FakeAws extends AsyncDisposable {
  readonly endpoint: string;
  /** The environment by which AWS's SDKs find it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts moto's server. Takes some seconds; share one a file. */
export async function startFakeAws(): Promise<FakeAws> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await serverProcess(
    join(pythonEnv('moto'), 'python'),
    ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    {
      ready: async () =>
        fetch(`${endpoint}/moto-api/data.json`).then(
          (answer) => answer.ok,
          () => false,
        ),
      stopSignal: 'SIGKILL',
    },
  );
  return {
    endpoint,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: 'nobody',
      AWS_SECRET_ACCESS_KEY: 'nothing',
      AWS_REGION: 'us-east-1',
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
