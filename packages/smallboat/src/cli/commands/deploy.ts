import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import type { CostEstimate, DeployTarget, Deployment } from '../../serving/deploy/index.ts';
import { deployRelease, estimateCost, openDeployTarget, writeDeployFiles } from '../../serving/deploy/index.ts';
import { readKeys } from '../../serving/index.ts';
import { CHAMPION, openRegistry } from '../../tracking/index.ts';
import { type Command, usage } from '../command.ts';

const count = z.coerce.number().int().positive();
const schema = z.object({
  action: z.enum(['up', 'status', 'logs', 'rollback', 'destroy']).default('up'),
  to: z.enum(['local', 'sagemaker', 'lambda']).default('local'),
  name: z.string().default('intent'),
  model: z.string().default('intent'),
  version: z.string().default(CHAMPION),
  folder: z.string().optional(),
  canary: z.coerce.number().gt(0).max(1).optional(),
  'canary-requests': count.optional(),
  'canary-seconds': count.optional(),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  keys: z.string().optional(),
  cors: z.array(z.string().min(1)).default(['*']),
  region: z.string().optional(),
  role: z.string().optional(),
  image: z.string().optional(),
  bucket: z.string().startsWith('s3://', 's3://bucket/prefix').optional(),
  instance: z.string().default('ml.m5.large'),
  instances: count.default(1),
  memory: count.optional(),
  alarm: z.array(z.string()).default([]),
  'in-front-of': z.string().optional(),
  requests: z.coerce.number().nonnegative().default(1_000_000),
  milliseconds: z.coerce.number().positive().default(10),
  hourly: z.coerce.number().positive().optional(),
  budget: z.coerce.number().positive().optional(),
  package: z.string().optional(),
  lines: count.default(50),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});
type Args = z.output<typeof schema>;

/** `smallboat deploy --to lambda`, and after it `status`, `logs`, `rollback`, `destroy`. */
export const command: Command<typeof schema> = {
  name: 'deploy',
  summary:
    'Deploy a model as an endpoint of one name: on this machine, on SageMaker or on Lambda. Or look at it (status, logs), go back (rollback), take it down (destroy).',
  example: 'smallboat deploy --to local --name intent --port 8080',
  positionals: ['action'],
  schema,
  fromSettings: ['home'],
  flags: {
    to: { type: 'string', help: 'local, sagemaker or lambda (default local)' },
    name: { type: 'string', short: 'n', help: 'name of the endpoint (default intent)' },
    model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
    version: { type: 'string', help: `its version or alias (default ${CHAMPION})` },
    folder: { type: 'string', short: 'f', help: 'a model folder, in place of a registered model' },
    canary: { type: 'string', help: 'share of requests that a new model answers first: 0.1' },
    'canary-requests': { type: 'string', help: 'how many it must answer well (default 500)' },
    'canary-seconds': { type: 'string', help: 'how long that may take, in the cloud (default 600)' },
    port: { type: 'string', short: 'p', help: 'local: its port (default: any free one, which it keeps)' },
    keys: { type: 'string', help: "file of API keys, made by 'smallboat keys'" },
    cors: { type: 'string', multiple: true, help: 'lambda: origin of pages that may read the answers (default *)' },
    region: { type: 'string', help: 'region of AWS (default: AWS_REGION)' },
    role: { type: 'string', help: 'ARN of the role of the function or the model' },
    image: { type: 'string', help: 'sagemaker: the container in ECR, built from what --package writes' },
    bucket: { type: 'string', help: 'sagemaker: where models are uploaded, s3://bucket/prefix' },
    instance: { type: 'string', help: 'sagemaker: machine, or serverless (default ml.m5.large)' },
    instances: { type: 'string', help: 'sagemaker: how many machines (default 1)' },
    memory: { type: 'string', help: 'MiB of a function (default 512) or of serverless inference (default 1024)' },
    alarm: {
      type: 'string',
      multiple: true,
      help: 'sagemaker: alarm of CloudWatch that undoes a change; may be repeated',
    },
    'in-front-of': { type: 'string', help: 'lambda: endpoint of SageMaker that the function asks' },
    requests: { type: 'string', help: 'for the cost: requests a month (default 1000000)' },
    milliseconds: { type: 'string', help: 'for the cost: time of a request (default 10)' },
    hourly: { type: 'string', help: 'for the cost: dollars an hour of the machine, in place of the list price' },
    budget: { type: 'string', help: 'with --package: dollars a month of the alarm; otherwise: refuse to cost more' },
    package: { type: 'string', help: 'deploy nothing: write the package, template.json and the like to this folder' },
    lines: { type: 'string', help: 'logs: how many lines (default 50)' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the result as JSON' },
  },
  async run(args, io) {
    if (args.package !== undefined) return writePackage(args, args.package, io);
    await using target = await targetOf(args, io);
    switch (args.action) {
      case 'up':
        return show(await up(target, args, io), args, io);
      case 'status':
        return show(await target.status(args.name), args, io);
      case 'rollback':
        return show(await target.rollback(args.name), args, io);
      case 'logs': {
        const lines = await target.logs(args.name, args.lines);
        if (args.json) io.out(JSON.stringify({ lines }));
        else for (const line of lines) io.out(line);
        return;
      }
      case 'destroy':
        await target.destroy(args.name);
        return show({ name: args.name, state: 'absent' }, args, io);
    }
  },
};

async function up(target: DeployTarget, args: Args, io: Io): Promise<Deployment> {
  const cost = costOf(args);
  io.err(costLine(cost));
  if (args.budget !== undefined && cost.perMonth > args.budget) {
    throw usage({ name: 'deploy' }, `--budget: it would cost about $${cost.perMonth.toFixed(2)} a month`);
  }
  const { canary: share, 'canary-requests': requests, 'canary-seconds': seconds } = args;
  const rule = { ...(requests === undefined ? {} : { requests }), ...(seconds === undefined ? {} : { seconds }) };
  return deployRelease(target, {
    name: args.name,
    modelFolder: await modelFolderOf(args, io),
    say: (line) => io.err(line),
    ...(io.env['TRACEPARENT'] === undefined ? {} : { traceParent: io.env['TRACEPARENT'] }),
    ...(share === undefined ? {} : { canary: { share, ...rule } }),
  });
}

async function modelFolderOf({ folder, home, model, version }: Args, io: Io): Promise<string> {
  if (folder !== undefined) return resolve(io.cwd, folder);
  const registry = await openRegistry({ folder: join(resolve(io.cwd, home), 'models'), env: io.env });
  return (await registry.version(model, version)).folder;
}

async function targetOf(args: Args, io: Io): Promise<DeployTarget> {
  const { to, region, role, memory } = args;
  const keys = args.keys === undefined ? undefined : await readKeys(resolve(io.cwd, args.keys));
  const where = { ...(region === undefined ? {} : { region }), ...(role === undefined ? {} : { role }) };
  const size = memory === undefined ? {} : { memoryMiB: memory };
  return openDeployTarget({
    to,
    home: resolve(io.cwd, args.home),
    env: io.env,
    local: { port: args.port, ...(keys === undefined ? {} : { keys }) },
    lambda: {
      ...where,
      ...size,
      cors: args.cors,
      ...(args['in-front-of'] === undefined ? {} : { sagemakerEndpoint: args['in-front-of'] }),
      ...(keys === undefined ? {} : { keys: JSON.stringify(keys) }),
    },
    sagemaker: {
      ...where,
      ...size,
      instance: args.instance,
      instances: args.instances,
      alarms: args.alarm,
      ...(args.image === undefined ? {} : { image: args.image }),
      ...(args.bucket === undefined ? {} : { bucket: args.bucket }),
    },
  });
}

function costOf(args: Args): CostEstimate {
  const { to, requests: requestsPerMonth, milliseconds, memory, instance, instances, hourly } = args;
  if (to === 'local') return estimateCost({ kind: 'local' });
  const use = { requestsPerMonth, milliseconds, memoryMiB: memory ?? (to === 'lambda' ? 512 : 1024) };
  if (to === 'lambda') return estimateCost({ kind: 'lambda', ...use });
  return estimateCost({ kind: 'sagemaker', ...use, instance, instances, ...(hourly === undefined ? {} : { hourly }) });
}

function costLine({ perMonth, parts, basis }: CostEstimate): string {
  const of = parts.map(({ what, perMonth: part }) => `${what} $${part.toFixed(2)}`).join(', ');
  return `About $${perMonth.toFixed(2)} a month${of === '' ? '' : ` (${of})`}. ${basis}`;
}

async function writePackage(args: Args, to: string, io: Io): Promise<void> {
  if (args.to === 'local')
    throw usage({ name: 'deploy' }, '--package: for sagemaker or lambda; a local endpoint needs none');
  const isInFront = args.to === 'lambda' && args['in-front-of'] !== undefined;
  const folder = resolve(io.cwd, to);
  const files = await writeDeployFiles({
    target: args.to,
    folder,
    name: args.name,
    cors: args.cors,
    monthlyBudget: args.budget ?? 50,
    ...(isInFront ? {} : { modelFolder: await modelFolderOf(args, io) }),
  });
  if (args.json) io.out(JSON.stringify({ folder, files }));
  else for (const path of files.filter((file) => !file.startsWith('image/program/'))) io.out(join(folder, path));
  io.err(costLine(costOf(args)));
  if (args.to === 'sagemaker')
    io.err(`Build it:  docker build --platform linux/amd64 -t REPOSITORY:TAG ${join(folder, 'image')}`);
  else
    io.err(
      `Deploy it: upload function.zip, then aws cloudformation deploy --template-file ${join(folder, 'template.json')} …`,
    );
}

function show(deployment: Deployment, { json }: Args, io: Io): void {
  if (json) return io.out(JSON.stringify(deployment));
  const { name, state, url, modelVersion, previous, detail } = deployment;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['endpoint', name],
    ['state', state],
    ['url', url],
    ['model', modelVersion],
    ['before it', previous],
    ['note', detail],
  ];
  for (const [label, value] of rows) if (value !== undefined) io.out(`${label.padEnd(10)} ${value}`);
}
