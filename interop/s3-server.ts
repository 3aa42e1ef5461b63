import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFakeAws } from './moto.ts';
import { freePort, listens, serverProcess } from './server.ts';

/** A server of S3 that others made, of which a program knows nothing but what is here. */
export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** Credentials and the region. Where the server is must be said in another way. */
  readonly env: Readonly<Record<string, string>>;
  makeBucket(name: string): Promise<void>;
}

/** moto's server, which keeps what it is given in memory. */
export async function startMoto(): Promise<S3Server> {
  const server = await startFakeAws();
  return s3Server(server.endpoint, { id: 'nobody', secret: 'nothing' }, async () => {
    await server[Symbol.asyncDispose]();
  });
}

/** Versity's gateway over a folder. @param program its file: `go install github.com/versity/versitygw/cmd/versitygw@latest` makes it. */
export async function startGateway(program: string): Promise<S3Server> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-versitygw-'));
  const keys = { id: 'gateway', secret: 'gateway-secret' };
  const args = ['--access', keys.id, '--secret', keys.secret, '--region', 'us-east-1', '--port', `127.0.0.1:${port}`];
  const server = await serverProcess(program, [...args, 'posix', folder], {
    ready: () => listens(port),
    stopSignal: 'SIGKILL',
  });
  return s3Server(`http://127.0.0.1:${port}`, keys, async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
}

function s3Server(
  endpoint: string,
  { id, secret }: { readonly id: string; readonly secret: string },
  stop: () => Promise<void>,
): S3Server {
  return {
    endpoint,
    env: { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_DEFAULT_REGION: 'us-east-1' },
    async makeBucket(name) {
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const credentials = { accessKeyId: id, secretAccessKey: secret };
      const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    [Symbol.asyncDispose]: stop,
  };
}
