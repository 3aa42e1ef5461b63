import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { optionalPackage, messageOf } from '../../kernel/index.ts';
import { DEFAULT_CANARY } from '../canary.ts';
import { TAGS, cloudLog, orAbsent } from './aws.ts';
import { lambdaTrial } from './lambda-trial.ts';
import { functionZip } from './package.ts';
import type { DeployTarget, Deployment } from './target.ts';
import { deployErrors } from './target.ts';

export interface LambdaTargetOptions {
  readonly region?: string;
  /** ARN of the function's role; the CloudFormation template makes one. Needed to create a function. */
  readonly role?: string;
  /** Default 512. */
  readonly memoryMiB?: number;
  /** Default 10. */
  readonly timeoutSeconds?: number;
  /** In front of this endpoint of SageMaker, in place of a model in the package. */
  readonly sagemakerEndpoint?: string;
  /** Origins of pages that may read the answers. Default `*`, as in the original project. */
  readonly cors?: readonly string[];
  /** A key file's entries as JSON. */
  readonly keys?: string;
  /** Seconds between two looks at AWS. Default 2. */
  readonly pollSeconds?: number;
}

/** The alias that clients call: what it points to is in use. */
const LIVE = 'live';
/** The alias that keeps what was in use before. */
const BEFORE = 'before';
const RUNTIME = 'nodejs24.x';

/**
 * Endpoints as functions of AWS Lambda, called by a URL. Each release is a version, the alias `live` points to the one in use and `before` to the one before
 * it; the rest are deleted. A trial gives the new version a share of the alias, judged by what Lambda logs of each call.
 * Rejects with `PACKAGE_MISSING`.
 */
export async function lambdaTarget(options: LambdaTargetOptions): Promise<DeployTarget> {
  const { region, role, memoryMiB = 512, timeoutSeconds = 10, sagemakerEndpoint, pollSeconds = 2 } = options;
  const sdk = await optionalPackage(
    '@aws-sdk/client-lambda',
    'Deploying to Lambda',
    () => import('@aws-sdk/client-lambda'),
  );
  const client = new sdk.LambdaClient({ ...(region === undefined ? {} : { region }), maxAttempts: 5 });
  const location = `lambda in ${await client.config.region()}`;

  const environment = (name: string): { Variables: Record<string, string> } => ({
    Variables: {
      SMALLBOAT_ENDPOINT_NAME: name,
      SMALLBOAT_CORS: (options.cors ?? ['*']).join(','),
      ...(sagemakerEndpoint === undefined ? {} : { SAGEMAKER_ENDPOINT_NAME: sagemakerEndpoint }),
      ...(options.keys === undefined ? {} : { SMALLBOAT_KEYS: options.keys }),
    },
  });

  const settled = async (name: string): Promise<void> => {
    for (let tries = 0; tries < 120; tries++) {
      const found = await client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName: name }));
      if (found.LastUpdateStatus === 'Failed' || found.State === 'Failed') {
        throw new Error(found.LastUpdateStatusReason ?? found.StateReason ?? 'the function failed');
      }
      const isDone =
        (found.LastUpdateStatus ?? 'Successful') === 'Successful' && (found.State ?? 'Active') === 'Active';
      if (isDone) return;
      await delay(pollSeconds * 1000);
    }
    throw new Error('the function does not come to rest');
  };

  const aliasOf = async (
    name: string,
    alias: string,
  ): Promise<{ version: string; weights: Record<string, number> } | undefined> => {
    const found = await orAbsent(client.send(new sdk.GetAliasCommand({ FunctionName: name, Name: alias })));
    if (found?.FunctionVersion === undefined) return undefined;
    return { version: found.FunctionVersion, weights: found.RoutingConfig?.AdditionalVersionWeights ?? {} };
  };
  const point = async (
    name: string,
    alias: string,
    version: string,
    weights: Record<string, number> = {},
  ): Promise<void> => {
    const input = {
      FunctionName: name,
      Name: alias,
      FunctionVersion: version,
      RoutingConfig: { AdditionalVersionWeights: weights },
    };
    const isThere = (await aliasOf(name, alias)) !== undefined;
    const update = async (): Promise<void> => void (await client.send(new sdk.UpdateAliasCommand(input)));
    if (isThere) return update();
    await client.send(new sdk.CreateAliasCommand(input)).catch(async (error: unknown) => {
      // An answer that was lost on the way is asked for again: then it is there.
      if (!(error instanceof sdk.ResourceConflictException)) throw error;
      await update();
    });
  };

  const versionsOf = async (name: string): Promise<readonly FunctionConfiguration[]> => {
    const versions: FunctionConfiguration[] = [];
    for await (const page of sdk.paginateListVersionsByFunction({ client }, { FunctionName: name })) {
      versions.push(...(page.Versions ?? []).filter(({ Version }) => Version !== '$LATEST'));
    }
    return versions;
  };
  const removeOthers = async (name: string, kept: readonly (string | undefined)[]): Promise<void> => {
    for (const { Version } of await versionsOf(name)) {
      if (Version === undefined || kept.includes(Version)) continue;
      await client.send(new sdk.DeleteFunctionCommand({ FunctionName: name, Qualifier: Version }));
    }
  };

  const urlOf = async (name: string): Promise<string> => {
    const asked = { FunctionName: name, Qualifier: LIVE };
    const found = await orAbsent(client.send(new sdk.GetFunctionUrlConfigCommand(asked)));
    if (found?.FunctionUrl !== undefined) return found.FunctionUrl;
    // The function itself answers for CORS: two answers to it would make none.
    const made = await client.send(new sdk.CreateFunctionUrlConfigCommand({ ...asked, AuthType: 'NONE' }));
    const permission = { ...asked, Principal: '*', FunctionUrlAuthType: 'NONE' as const };
    await client.send(
      new sdk.AddPermissionCommand({ ...permission, StatementId: 'url', Action: 'lambda:InvokeFunctionUrl' }),
    );
    return made.FunctionUrl ?? '';
  };

  /** Makes the code and settings of a release a version. */
  const publish = async (name: string, modelVersion: string, zip: Uint8Array): Promise<string> => {
    const settings = { MemorySize: memoryMiB, Timeout: timeoutSeconds, Environment: environment(name) };
    const isThere = (await orAbsent(client.send(new sdk.GetFunctionCommand({ FunctionName: name })))) !== undefined;
    if (isThere) {
      await client.send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName: name, ...settings }));
      await settled(name);
      await client.send(
        new sdk.UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: zip, Architectures: ['arm64'] }),
      );
    } else {
      if (role === undefined) {
        throw deployErrors.TARGET_SETTING_MISSING({ target: 'lambda', setting: 'the ARN of its role', how: '--role' });
      }
      const made = { Runtime: RUNTIME, Handler: 'run/function.handler', Architectures: ['arm64'], Tags: TAGS } as const;
      await client.send(
        new sdk.CreateFunctionCommand({
          FunctionName: name,
          Role: role,
          Code: { ZipFile: zip },
          ...made,
          Architectures: ['arm64'],
          ...settings,
        }),
      );
    }
    await settled(name);
    const { Version } = await client.send(
      new sdk.PublishVersionCommand({ FunctionName: name, Description: modelVersion }),
    );
    if (Version === undefined) throw new Error('AWS names no version');
    return Version;
  };

  /** Watches a trial to its end. @returns why it ended badly; undefined where it did not. */
  const tryOut = async (
    trial: ReturnType<typeof lambdaTrial>,
    { name, seconds, requests }: { name: string; seconds: number; requests: number },
  ): Promise<string | undefined> => {
    const since = Date.now();
    const log = { group: `/aws/lambda/${name}`, since, ...(region === undefined ? {} : { region }) };
    while (Date.now() - since < seconds * 1000) {
      const verdict = trial.note(await cloudLog(log));
      if (verdict.kind === 'bad') return verdict.reason;
      if (verdict.kind === 'good') return undefined;
      await delay(pollSeconds * 1000);
    }
    return `it was not called ${requests} times in ${seconds} s`;
  };

  const status = async (name: string): Promise<Deployment> => {
    const live = await aliasOf(name, LIVE);
    if (live === undefined) return { name, state: 'absent' };
    const described = new Map((await versionsOf(name)).map((v) => [v.Version, v.Description ?? '']));
    const before = await aliasOf(name, BEFORE);
    const [trial] = Object.entries(live.weights);
    return {
      name,
      state: trial === undefined ? 'up' : 'trial',
      url: await urlOf(name),
      modelVersion: described.get(live.version) ?? live.version,
      ...(before === undefined ? {} : { previous: described.get(before.version) ?? before.version }),
      ...(trial === undefined ? {} : { detail: `${described.get(trial[0])} is tried on ${trial[1] * 100} % of calls` }),
    };
  };
  const known = async (name: string): Promise<{ version: string; weights: Record<string, number> }> => {
    const live = await aliasOf(name, LIVE);
    if (live === undefined) throw deployErrors.DEPLOYMENT_UNKNOWN({ name, location });
    return live;
  };

  return {
    location,
    async deploy(release, { canary, say }) {
      const { name, modelFolder, modelVersion } = release;
      const live = await aliasOf(name, LIVE);
      try {
        const { bytes } = await functionZip(sagemakerEndpoint === undefined ? modelFolder : undefined);
        say(`The function is ${(bytes.length / 1e6).toFixed(2)} MB.`);
        const version = await publish(name, modelVersion, bytes);
        if (canary !== undefined && live !== undefined && version !== live.version) {
          const { seconds = 600, ...given } = canary;
          const rule = { ...DEFAULT_CANARY, ...given };
          await point(name, LIVE, live.version, { [version]: rule.share });
          const reason = await tryOut(lambdaTrial(rule, version), { name, seconds, requests: rule.requests });
          if (reason !== undefined) {
            await point(name, LIVE, live.version);
            await removeOthers(name, [live.version, (await aliasOf(name, BEFORE))?.version]);
            throw new Error(`the trial ended: ${reason}`);
          }
        }
        // What was in use is kept before anything else takes its place.
        if (live !== undefined && live.version !== version) await point(name, BEFORE, live.version);
        await point(name, LIVE, version);
        const url = await urlOf(name);
        await removeOthers(name, [version, (await aliasOf(name, BEFORE))?.version]);
        say(`Endpoint ${name} answers at ${url}`);
        return await status(name);
      } catch (cause) {
        if (deployErrors.TARGET_SETTING_MISSING.is(cause)) throw cause;
        const problem = messageOf(cause);
        throw deployErrors.DEPLOY_FAILED({ name, location, problem }, { cause });
      }
    },
    async predict(name, session, { traceParent: traceparent } = {}) {
      await known(name);
      const Payload = Buffer.from(JSON.stringify({ session: session.join(','), traceparent }));
      const asked = new sdk.InvokeCommand({ FunctionName: name, Qualifier: LIVE, Payload });
      const answer = await client.send(asked);
      const text = new TextDecoder().decode(answer.Payload);
      if (answer.FunctionError !== undefined) throw new Error(`the function failed: ${text.slice(0, 300)}`);
      return z.object({ prediction: z.number() }).parse(JSON.parse(text)).prediction;
    },
    status,
    async logs(name, lines) {
      await known(name);
      const log = await cloudLog({ group: `/aws/lambda/${name}`, ...(region === undefined ? {} : { region }) });
      return log.slice(-lines).map(({ text }) => text);
    },
    async rollback(name) {
      const live = await known(name);
      if (Object.keys(live.weights).length > 0) {
        await point(name, LIVE, live.version);
        return status(name);
      }
      const before = await aliasOf(name, BEFORE);
      if (before === undefined || before.version === live.version) {
        throw deployErrors.NO_PREVIOUS_MODEL({ name, location });
      }
      await point(name, LIVE, before.version);
      await client.send(new sdk.DeleteAliasCommand({ FunctionName: name, Name: BEFORE }));
      await removeOthers(name, [before.version]);
      return status(name);
    },
    async destroy(name) {
      const asked = { FunctionName: name, Qualifier: LIVE };
      await orAbsent(client.send(new sdk.DeleteFunctionUrlConfigCommand(asked)));
      await orAbsent(client.send(new sdk.DeleteFunctionCommand({ FunctionName: name })));
    },
    [Symbol.asyncDispose]() {
      client.destroy();
      return Promise.resolve();
    },
  };
}
