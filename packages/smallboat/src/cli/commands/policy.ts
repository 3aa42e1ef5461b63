import * as z from 'zod';
import { computeSettings, policies, settingsIn } from '../../flow/compute/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  account: z
    .string()
    .regex(/^\d{12}$/, 'the 12 digits of the account')
    .optional(),
  region: z.string().optional(),
  store: z.string().startsWith('s3://', 's3://bucket/folder').optional(),
  queue: z.string().optional(),
  'job-role': z.string().optional(),
  'execution-role': z.string().optional(),
  secret: z.array(z.string()).default([]),
  for: z.enum(['submitter', 'job', 'trust']).optional(),
  json: z.boolean().default(false),
});

/** `smallboat policy --for job` */
export const command: Command<typeof schema> = {
  name: 'policy',
  summary:
    'Print the least that AWS must allow: to those who start runs, and to the jobs. What is not given is read from the settings.',
  example: 'smallboat policy --account 123456789012 --store s3://shop-ml/metaflow --for job',
  schema,
  flags: {
    account: { type: 'string', help: 'number of the account (default: that of the job role)' },
    region: { type: 'string', help: 'region (default: AWS_REGION)' },
    store: { type: 'string', help: 'where the runs are: s3://bucket/folder (default: METAFLOW_DATASTORE_SYSROOT_S3)' },
    queue: { type: 'string', help: 'name or ARN of the queue (default: METAFLOW_BATCH_JOB_QUEUE)' },
    'job-role': { type: 'string', help: 'name or ARN of the role of jobs (default: METAFLOW_ECS_S3_ACCESS_IAM_ROLE)' },
    'execution-role': { type: 'string', help: 'the same of the role that starts jobs on Fargate' },
    secret: {
      type: 'string',
      multiple: true,
      help: 'a secret of AWS Secrets Manager that jobs may read; may be repeated',
    },
    for: { type: 'string', help: 'only one: submitter, job, or trust (who may take the roles)' },
    json: { type: 'boolean', help: 'print it in one line' },
  },
  run(args, io) {
    const setting = settingsIn(io);
    const { batch, region } = computeSettings(setting);
    const role = args['job-role'] ?? batch.jobRole ?? 'smallboat-job';
    const execution = args['execution-role'] ?? batch.executionRole;
    const root = args.store ?? setting('METAFLOW_DATASTORE_SYSROOT_S3') ?? 's3://BUCKET/metaflow';
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/*$/.exec(root) ?? [];
    const all = policies({
      account: args.account ?? /^arn:[\w-]+:iam::(\d{12}):/.exec(role)?.[1] ?? 'ACCOUNT',
      region: args.region ?? region ?? 'REGION',
      bucket,
      prefix,
      queue: nameIn(args.queue ?? batch.queue ?? 'QUEUE'),
      jobRole: nameIn(role),
      ...(execution === undefined ? {} : { executionRole: nameIn(execution) }),
      secrets: args.secret,
      partition: /^arn:([\w-]+):/.exec(role)?.[1] ?? 'aws',
    });
    const shown = args.for === undefined ? all : all[args.for];
    io.out(args.json ? JSON.stringify(shown) : JSON.stringify(shown, undefined, 2));
    return Promise.resolve();
  },
};

/** `main` of `arn:aws:batch:eu-west-1:123456789012:job-queue/main`. */
function nameIn(given: string): string {
  return given.startsWith('arn:') ? given.replace(/^arn:[^/]*\//, '') : given;
}
