import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { DescribeEndpointConfigOutput, ProductionVariant, DeploymentConfig } from '@aws-sdk/client-sagemaker';
import { optionalPackage, sha256, messageOf } from '../../kernel/index.ts';
import { cloudLog, orAbsent } from './aws.ts';
import { packModel } from './package.ts';
import type { DeployOptions, DeployTarget, Deployment } from './target.ts';
import { deployErrors } from './target.ts';

export interface SagemakerTargetOptions {
  readonly region?: string;
  /** ARN of the role by which SageMaker reads the image and the model. */
  readonly role?: string;
  /** The container in ECR: built from what `--package` writes. */
  readonly image?: string;
  /** Where models are uploaded: `s3://bucket/prefix`. */
  readonly bucket?: string;
  /** Default `ml.m5.large`; `serverless` for what runs only while it is asked. */
  readonly instance?: string;
  /** Default 1. */
  readonly instances?: number;
  /** Of a serverless one: 1024 to 6144 by 1024. Default 1024. */
  readonly memoryMiB?: number;
  /** Alarms of CloudWatch that undo a change while it is made. */
  readonly alarms?: readonly string[];
  /** Buckets in the path and not in the host's name, as stand-ins for S3 want it. Default false. */
  readonly usesPathStyle?: boolean;
  /** Seconds between two looks at AWS. Default 15. */
  readonly pollSeconds?: number;
}

const TAG = [{ Key: 'made-by', Value: 'smallboat' }];

/**
 * Endpoints of SageMaker: the model as `model.tar.gz` in S3, a model and an endpoint configuration for each release, one endpoint. A change is blue/green, at
 * once or with a canary, and undone by SageMaker itself when one of the alarms goes off. The release before is kept, older ones are deleted.
 * Rejects with `PACKAGE_MISSING`.
 */
export async function sagemakerTarget(options: SagemakerTargetOptions): Promise<DeployTarget> {
  const { region, instance = 'ml.m5.large', instances = 1, memoryMiB = 1024, alarms = [], pollSeconds = 15 } = options;
  const needer = 'Deploying to SageMaker';
  const sdk = await optionalPackage('@aws-sdk/client-sagemaker', needer, () => import('@aws-sdk/client-sagemaker'));
  const runtimeSdk = await optionalPackage(
    '@aws-sdk/client-sagemaker-runtime',
    needer,
    () => import('@aws-sdk/client-sagemaker-runtime'),
  );
  const s3sdk = await optionalPackage('@aws-sdk/client-s3', needer, () => import('@aws-sdk/client-s3'));
  const where = { ...(region === undefined ? {} : { region }), maxAttempts: 5 };
  const client = new sdk.SageMakerClient(where);
  const runtime = new runtimeSdk.SageMakerRuntimeClient(where);
  const s3 = new s3sdk.S3Client({ ...where, forcePathStyle: options.usesPathStyle ?? false });
  const location = `sagemaker in ${await client.config.region()}`;

  const needed = (value: string | undefined, setting: string, how: string): string => {
    if (value === undefined) throw deployErrors.TARGET_SETTING_MISSING({ target: 'sagemaker', setting, how });
    return value;
  };
  const describe = (name: string) => orAbsent(client.send(new sdk.DescribeEndpointCommand({ EndpointName: name })));

  /** Configurations of an endpoint, the newest first; our names end with the release's hash. */
  const configsOf = async (name: string): Promise<readonly string[]> => {
    const found: string[] = [];
    const asked = { NameContains: `${name}-r-`, SortBy: 'CreationTime', SortOrder: 'Descending' } as const;
    for await (const page of sdk.paginateListEndpointConfigs({ client }, asked)) {
      for (const { EndpointConfigName: config = '' } of page.EndpointConfigs ?? []) {
        if (new RegExp(`^${name}-r-[0-9a-f]{12}$`).test(config)) found.push(config);
      }
    }
    return found;
  };
  const configOf = (config: string): Promise<DescribeEndpointConfigOutput | undefined> =>
    orAbsent(client.send(new sdk.DescribeEndpointConfigCommand({ EndpointConfigName: config })));

  /** The version of the model in a configuration, and where its archive is. */
  const modelIn = async (config: string): Promise<{ version: string; archive: string } | undefined> => {
    const model = (await configOf(config))?.ProductionVariants?.[0]?.ModelName;
    if (model === undefined) return undefined;
    const found = await orAbsent(client.send(new sdk.DescribeModelCommand({ ModelName: model })));
    const container = found?.PrimaryContainer;
    const version = container?.Environment?.['SMALLBOAT_MODEL_VERSION'];
    return container === undefined ? undefined : { version: version ?? model, archive: container.ModelDataUrl ?? '' };
  };

  const place = (url: string): { Bucket: string; Key: string } => {
    const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
    return { Bucket, Key };
  };
  const removeRelease = async (config: string): Promise<void> => {
    const archive = (await modelIn(config))?.archive;
    await orAbsent(client.send(new sdk.DeleteEndpointConfigCommand({ EndpointConfigName: config })));
    await orAbsent(client.send(new sdk.DeleteModelCommand({ ModelName: config })));
    if (archive !== undefined && archive !== '') await s3.send(new s3sdk.DeleteObjectCommand(place(archive)));
  };

  const untilReady = async (name: string, signal?: AbortSignal): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const found = await describe(name);
      if (found?.EndpointStatus === 'InService') return;
      const isAtWork = ['Creating', 'Updating', 'SystemUpdating', 'RollingBack'].includes(found?.EndpointStatus ?? '');
      if (!isAtWork) throw new Error(found?.FailureReason ?? `the endpoint is ${found?.EndpointStatus ?? 'gone'}`);
      await delay(pollSeconds * 1000, undefined, signal === undefined ? {} : { signal });
    }
  };

  const upload = async (name: string, modelFolder: string): Promise<{ url: string; version: string; hash: string }> => {
    const root = needed(options.bucket, 'where models are uploaded', '--bucket s3://bucket/prefix').replace(/\/+$/, '');
    const { bytes, version } = await packModel(modelFolder);
    const image = needed(options.image, 'the image of the container', '--image');
    const hash = sha256(Buffer.from(`${sha256(bytes)} ${image} ${instance} ${instances} ${memoryMiB}`)).slice(0, 12);
    const url = `${root}/${name}/${hash}/model.tar.gz`;
    await s3.send(new s3sdk.PutObjectCommand({ ...place(url), Body: bytes, ContentType: 'application/gzip' }));
    return { url, version, hash };
  };

  /** Makes the model and the configuration of a release, if they are not there. */
  const prepare = async (name: string, modelFolder: string): Promise<string> => {
    const role = needed(options.role, 'the ARN of its role', '--role');
    const { url, version, hash } = await upload(name, modelFolder);
    const release = `${name}-r-${hash}`;
    if ((await configOf(release)) !== undefined) return release;
    const model = { Image: options.image, ModelDataUrl: url } as const;
    const Environment = { SMALLBOAT_ENDPOINT_NAME: name, SMALLBOAT_MODEL_VERSION: version, SMALLBOAT_LOG: 'stdout' };
    await orAbsent(client.send(new sdk.DeleteModelCommand({ ModelName: release })));
    await client.send(
      new sdk.CreateModelCommand({
        ModelName: release,
        ExecutionRoleArn: role,
        PrimaryContainer: { ...model, Environment },
        Tags: TAG,
      }),
    );
    const variant: ProductionVariant = {
      VariantName: 'all',
      ModelName: release,
      ...(instance === 'serverless'
        ? { ServerlessConfig: { MemorySizeInMB: memoryMiB, MaxConcurrency: 20 } }
        : {
            InstanceType: instance as NonNullable<ProductionVariant['InstanceType']>,
            InitialInstanceCount: instances,
          }), // AWS checks the name.
    };
    await client.send(
      new sdk.CreateEndpointConfigCommand({ EndpointConfigName: release, ProductionVariants: [variant], Tags: TAG }),
    );
    return release;
  };

  const status = async (name: string): Promise<Deployment> => {
    const found = await describe(name);
    if (found === undefined) return { name, state: 'absent' };
    const { EndpointStatus: state = '', EndpointConfigName: config = '', FailureReason } = found;
    const before = (await configsOf(name)).find((other) => other !== config);
    const previous = before === undefined ? undefined : (await modelIn(before))?.version;
    const version = (await modelIn(config))?.version;
    return {
      name,
      state: state === 'InService' ? 'up' : state === 'Failed' ? 'failed' : 'changing',
      url: `https://runtime.sagemaker.${await client.config.region()}.amazonaws.com/endpoints/${name}/invocations`,
      ...(version === undefined ? {} : { modelVersion: version }),
      ...(previous === undefined ? {} : { previous }),
      ...(FailureReason === undefined ? {} : { detail: FailureReason }),
    };
  };
  const known = async (name: string): Promise<string> => {
    const found = await describe(name);
    if (found?.EndpointConfigName === undefined) throw deployErrors.DEPLOYMENT_UNKNOWN({ name, location });
    return found.EndpointConfigName;
  };

  return {
    location,
    async deploy({ name, modelFolder }, { canary, say, signal }) {
      try {
        const before = (await describe(name))?.EndpointConfigName;
        const release = await prepare(name, modelFolder);
        say(`Model and configuration ${release} are made.`);
        if (before === undefined) {
          await client.send(
            new sdk.CreateEndpointCommand({ EndpointName: name, EndpointConfigName: release, Tags: TAG }),
          );
        } else if (before !== release) {
          const policy = instance === 'serverless' ? {} : { DeploymentConfig: deploymentConfig(canary, alarms) };
          await client.send(
            new sdk.UpdateEndpointCommand({ EndpointName: name, EndpointConfigName: release, ...policy }),
          );
        }
        say(`Waiting for SageMaker: minutes.`);
        await untilReady(name, signal);
        // An alarm makes SageMaker go back by itself, and the endpoint is in service all the while.
        if ((await known(name)) !== release)
          throw new Error('an alarm went off, and SageMaker went back to the release before');
        const kept = [release, before];
        for (const config of await configsOf(name)) if (!kept.includes(config)) await removeRelease(config);
        return await status(name);
      } catch (cause) {
        if (deployErrors.TARGET_SETTING_MISSING.is(cause)) throw cause;
        const problem = messageOf(cause);
        throw deployErrors.DEPLOY_FAILED({ name, location, problem }, { cause });
      }
    },
    async predict(name, session, { traceParent } = {}) {
      await known(name);
      const { Body } = await runtime.send(
        new runtimeSdk.InvokeEndpointCommand({
          EndpointName: name,
          ContentType: 'application/json',
          Accept: 'application/json',
          ...(traceParent === undefined ? {} : { CustomAttributes: `traceparent=${traceParent}` }),
          Body: Buffer.from(JSON.stringify({ instances: [session] })),
        }),
      );
      const answer = z.object({ predictions: z.tuple([z.tuple([z.number()])]) });
      return answer.parse(JSON.parse(new TextDecoder().decode(Body))).predictions[0][0];
    },
    status,
    async logs(name, lines) {
      await known(name);
      const log = await cloudLog({
        group: `/aws/sagemaker/Endpoints/${name}`,
        ...(region === undefined ? {} : { region }),
      });
      return log.slice(-lines).map(({ text }) => text);
    },
    async rollback(name) {
      const config = await known(name);
      const before = (await configsOf(name)).find((other) => other !== config);
      if (before === undefined) throw deployErrors.NO_PREVIOUS_MODEL({ name, location });
      await client.send(new sdk.UpdateEndpointCommand({ EndpointName: name, EndpointConfigName: before }));
      await untilReady(name);
      await removeRelease(config);
      return status(name);
    },
    async destroy(name) {
      await orAbsent(client.send(new sdk.DeleteEndpointCommand({ EndpointName: name })));
      for (const config of await configsOf(name)) await removeRelease(config);
    },
    [Symbol.asyncDispose]() {
      for (const opened of [client, runtime, s3]) opened.destroy();
      return Promise.resolve();
    },
  };
}

/** How SageMaker changes from one fleet to the next: at once, or a share of the machines first, watched by alarms. */
export function deploymentConfig(canary: DeployOptions['canary'], alarms: readonly string[]): DeploymentConfig {
  const { share = 0.1, seconds = 600 } = canary ?? {};
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration:
        canary === undefined
          ? { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: alarms.length > 0 ? 300 : 0 }
          : {
              Type: 'CANARY',
              // SageMaker takes up to half of the machines.
              CanarySize: { Type: 'CAPACITY_PERCENT', Value: Math.min(50, Math.max(1, Math.round(share * 100))) },
              WaitIntervalInSeconds: Math.min(3600, seconds),
            },
      TerminationWaitInSeconds: 60,
      MaximumExecutionTimeoutInSeconds: Math.max(1800, seconds * 2 + 900),
    },
    ...(alarms.length > 0 ? { AutoRollbackConfiguration: { Alarms: alarms.map((AlarmName) => ({ AlarmName })) } } : {}),
  };
}
