/** What the policies are for. Names and ARNs as AWS has them. */
export interface PolicyOptions {
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** Folder in the bucket, without slashes at its ends; empty for all of it. */
  readonly prefix: string;
  /** Name of the queue. */
  readonly queue: string;
  /** Name of the role that jobs have. */
  readonly jobRole: string;
  /** Name of the role that starts jobs on Fargate, where that is used. */
  readonly executionRole?: string;
  /** Names of secrets of AWS Secrets Manager that steps ask for. */
  readonly secrets: readonly string[];
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
}

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Policy {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** Actions of AWS Batch for which AWS knows no resource: they can be allowed for all or not at all. */
export const WITHOUT_RESOURCE: readonly string[] = [
  'batch:DescribeJobs',
  'batch:DescribeJobDefinitions',
  'batch:DescribeJobQueues',
  'batch:DescribeComputeEnvironments',
  'batch:ListJobs',
];

/**
 * The least that is needed on AWS: by whoever starts runs, by the jobs, and by those who may take a role. Everything is named by its ARN, but
 * for the questions of AWS Batch that AWS has no resource for.
 */
export function policies(options: PolicyOptions): {
  readonly submitter: Policy;
  readonly job: Policy;
  readonly trust: object;
} {
  const { account, region, queue, jobRole, executionRole, secrets, partition } = options;
  const arn = (service: string, name: string): string => `arn:${partition}:${service}:${region}:${account}:${name}`;
  const roles = [jobRole, ...(executionRole === undefined ? [] : [executionRole])];
  const allow = (Sid: string, Action: readonly string[], Resource: readonly string[]): Statement => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  const definitions = arn('batch', 'job-definition/smallboat_*');
  const submitter: readonly Statement[] = [
    ...store(options),
    allow('AskForJobs', WITHOUT_RESOURCE, ['*']),
    allow('DescribeTasks', ['batch:RegisterJobDefinition', 'batch:TagResource'], [definitions]),
    allow('StartJobs', ['batch:SubmitJob'], [definitions, arn('batch', `job-queue/${queue}`)]),
    allow('StopJobs', ['batch:TerminateJob', 'batch:TagResource'], [arn('batch', 'job/*')]),
    allow('ReadLogs', ['logs:FilterLogEvents'], [arn('logs', 'log-group:/aws/batch/job:*')]),
    {
      ...allow(
        'HandOverRoles',
        ['iam:PassRole'],
        roles.map((name) => `arn:${partition}:iam::${account}:role/${name}`),
      ),
      Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    },
  ];
  const job: readonly Statement[] = [
    ...store(options),
    ...(secrets.length > 0
      ? [
          allow(
            'ReadSecrets',
            ['secretsmanager:GetSecretValue'],
            // AWS adds six characters to a secret's name.
            secrets.map((name) => arn('secretsmanager', `secret:${name}-??????`)),
          ),
        ]
      : []),
  ];
  return {
    submitter: { Version: '2012-10-17', Statement: submitter },
    job: { Version: '2012-10-17', Statement: job },
    trust: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'ecs-tasks.amazonaws.com' } }],
    },
  };
}

/** Reading and writing the store: the folder in the bucket, and nothing beside it. */
function store({ partition, bucket, prefix }: PolicyOptions): readonly Statement[] {
  const below = prefix === '' ? '*' : `${prefix}/*`;
  return [
    {
      Sid: 'ReadAndWriteRuns',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: [`arn:${partition}:s3:::${bucket}/${below}`],
    },
    {
      Sid: 'ListRuns',
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: [`arn:${partition}:s3:::${bucket}`],
      ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': [`${prefix}/*`, prefix] } } }),
    },
  ];
}
