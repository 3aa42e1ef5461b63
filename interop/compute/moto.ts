import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BatchClient, CreateComputeEnvironmentCommand, CreateJobQueueCommand } from '@aws-sdk/client-batch';
import { pythonEnv } from '../python.ts';

export interface Moto extends AsyncDisposable {
  readonly url: string;
  /** What the SDKs need to come here. */
  readonly env: Readonly<Record<string, string>>;
}

export interface MotoOptions {
  /** More for its process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its jobs run, as processes of this machine, with what the role of their machine gives them. Default: they end at once, and well. */
  readonly jobs?: Readonly<Record<string, string>>;
}

/** Starts moto, which has the APIs of AWS. */
export async function moto({ env = {}, jobs }: MotoOptions = {}): Promise<Moto> {
  const port = await freePort();
  const bin = pythonEnv('compute');
  const url = `http://127.0.0.1:${port}`;
  const [program, ...args] = jobs
    ? [join(bin, 'python'), fileURLToPath(new URL('./moto_running.py', import.meta.url)), String(port)]
    : [join(bin, 'moto_server'), '-H', '127.0.0.1', '-p', String(port)];
  const JOB_ENVIRONMENT = JSON.stringify({ ...jobs, AWS_ENDPOINT_URL: url });
  // Jobs run on the Node that runs this.
  const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const child = spawn(program ?? '', args, { stdio: 'ignore', env: { ...process.env, PATH, JOB_ENVIRONMENT, ...env } });
  await answers(url, child);
  await fetch(`${url}/moto-api/config`, { method: 'POST', body: JSON.stringify({ batch: { use_docker: false } }) });
  return {
    url,
    env: { AWS_ENDPOINT_URL: url, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    [Symbol.asyncDispose]: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`moto ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/moto-api/`).catch(() => undefined);
    if (answer?.ok) return;
    await delay(100);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks moto's API of queries, where IAM is; gives the XML of the answer. */
export async function askIam(url: string, query: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'AWS4-HMAC-SHA256 Credential=x/20261123/us-east-1/iam/aws4_request',
    },
    body: new URLSearchParams({ Version: '2010-05-08', ...query }).toString(),
  });
  return answer.text();
}

/** Makes a queue of AWS Batch with the name `main`, which has no machines of its own. */
export async function makeQueue(url: string): Promise<void> {
  const query = { Action: 'CreateRole', RoleName: 'service', AssumeRolePolicyDocument: '{}' };
  const serviceRole = /<Arn>([^<]+)</.exec(await askIam(url, query))?.[1] ?? '';
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new BatchClient({ region: 'us-east-1', endpoint: url, credentials });
  const { computeEnvironmentArn } = await client.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'machines',
      type: 'UNMANAGED',
      state: 'ENABLED',
      serviceRole,
    }),
  );
  await client.send(
    new CreateJobQueueCommand({
      jobQueueName: 'main',
      state: 'ENABLED',
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment: computeEnvironmentArn }],
    }),
  );
  client.destroy();
}
