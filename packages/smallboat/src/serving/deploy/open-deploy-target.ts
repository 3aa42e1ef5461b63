import { join } from 'node:path';
import { lambdaTarget } from './lambda-target.ts';
import type { LambdaTargetOptions } from './lambda-target.ts';
import { localTarget } from './local.ts';
import type { LocalTargetOptions } from './local.ts';
import { sagemakerTarget } from './sagemaker-target.ts';
import type { SagemakerTargetOptions } from './sagemaker-target.ts';
import type { DeployTarget } from './target.ts';

export interface OpenDeployTargetOptions {
  readonly to: 'local' | 'sagemaker' | 'lambda';
  /** Folder of Smallboat, absolute. */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What each wants beside; only that of `to` is looked at. */
  readonly local?: Omit<LocalTargetOptions, 'folder'>;
  readonly sagemaker?: Omit<SagemakerTargetOptions, 'usesPathStyle' | 'pollSeconds'>;
  readonly lambda?: Omit<LambdaTargetOptions, 'pollSeconds'>;
}

/** Where endpoints are deployed to, by its name. Whoever opened it closes it. Rejects with `PACKAGE_MISSING`. */
export async function openDeployTarget(options: OpenDeployTargetOptions): Promise<DeployTarget> {
  const { to, home, env, local, sagemaker, lambda } = options;
  if (to === 'local') return localTarget({ folder: join(home, 'deployments'), ...local });
  // Stand-ins for AWS are asked more often: they are at once.
  const isStandIn = env['AWS_ENDPOINT_URL'] !== undefined;
  const poll = isStandIn ? { pollSeconds: 0.2 } : {};
  if (to === 'lambda') return lambdaTarget({ ...lambda, ...poll });
  return sagemakerTarget({ ...sagemaker, usesPathStyle: isStandIn, ...poll });
}
