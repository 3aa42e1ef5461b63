import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { askIam, moto } from './compute/moto.ts';
import { bootstrapCommand } from '../packages/smallboat/src/flow/compute/task/bootstrap-command.ts';

it('the bootstrap fetches from S3 with a signature that is checked, and notices other bytes', async () => {
  // moto checks signatures after so many questions.
  await using aws = await moto({ env: { INITIAL_NO_AUTH_ACTION_COUNT: '5' } });
  const iam = (query: Readonly<Record<string, string>>): Promise<string> => askIam(aws.url, query);
  await iam({ Action: 'CreateUser', UserName: 'ada' });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  });
  await iam({ Action: 'PutUserPolicy', UserName: 'ada', PolicyName: 'all', PolicyDocument });
  const made = await iam({ Action: 'CreateAccessKey', UserName: 'ada' });
  const keyOf = (name: string): string => new RegExp(`<${name}>([^<]+)<`).exec(made)?.[1] ?? '';
  await fetch(`${aws.url}/bucket`, { method: 'PUT' });
  const bytes = Buffer.from('not a package');
  await fetch(`${aws.url}/bucket/F/data/ab/code`, { method: 'PUT', body: bytes });

  const boot = async (key: string, secret: string): Promise<string> => {
    const [program = '', ...args] = await bootstrapCommand();
    const store = { datastore: { endpoint: aws.url, region: 'us-east-1' } };
    const order = { code: { url: 's3://bucket/F/data/ab/code', key }, store, folder: 'app' };
    const env = {
      PATH: process.env['PATH'] ?? '',
      AWS_ACCESS_KEY_ID: keyOf('AccessKeyId'),
      AWS_SECRET_ACCESS_KEY: secret,
      SMALLBOAT_TASK: JSON.stringify(order),
    };
    return promisify(execFile)(program, args, { env }).then(
      () => 'it ran',
      (error: { code: number; stderr: string }) => `${error.code} ${error.stderr}`,
    );
  };
  const secret = keyOf('SecretAccessKey');
  const key = createHash('sha1').update(bytes).digest('hex');
  // Fetched, and of the right hash, and then no archive.
  expect(await boot(key, secret)).toMatch(/^67 .*incorrect header check/s);
  expect(await boot('0'.repeat(40), secret)).toMatch(new RegExp(`^67 .*has the hash ${key}, and not 0000`, 's'));
  expect(await boot(key, 'wrong')).toMatch(/^67 .*403 .*SignatureDoesNotMatch/s);
});
