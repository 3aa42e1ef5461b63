import { defineErrors } from '../kernel/index.ts';
import type { Flow, StoreSpec } from '../flow/index.ts';
import { type PackedFlow, type PlannedWork, packFlow } from '../flow/orchestrated/index.ts';
import { type Cron, cronOf } from './cron.ts';
import { startableSchema } from './parameter-schema.ts';
import { type Block, type Part, programOf } from './program.ts';

export const deploymentErrors = defineErrors({
  PROJECT_INVALID: (f: { project: string }) =>
    `'${f.project}' is no name of a project. Use letters, digits and _, at most 128.`,
  BRANCH_INVALID: (f: { branch: string; problem: string }) => `The branch '${f.branch}' cannot be used: ${f.problem}.`,
  ENGINE_CANNOT: (f: { engine: string; flow: string; what: string; instead: string }) =>
    `${f.engine} cannot run flow '${f.flow}': ${f.what}. ${f.instead}`,
});

/** Which of the deployments of a flow it is. */
export interface Isolation {
  /** Name of the deployment: the flow's, or `project.branch.Flow`. */
  readonly name: string;
  readonly project?: string;
  /** `user.ada`, `test.try`, `prod`, `prod.try`. */
  readonly branch?: string;
}

/** A flow as every engine is given it. */
export interface Deployment extends Isolation {
  readonly flow: Flow;
  readonly program: Block;
  readonly packed: PackedFlow;
  readonly schedule?: Cron;
  /** Names the deployment's runs, and is asked of whoever changes it. */
  readonly token: string;
  /** Whoever made it. */
  readonly owner: string;
}

export interface DeployOptions {
  readonly flow: Flow;
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly storeSpec: StoreSpec;
  readonly with: readonly string[];
  readonly tags: readonly string[];
  readonly isolation: Isolation;
  readonly token: string;
  readonly owner: string;
  /** Metaflow's name of the engine as a user: `SFN`. */
  readonly runsAs: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Whose the deployment is: as Metaflow's `project` has it. Throws `PROJECT_INVALID`, `BRANCH_INVALID`. */
export function isolationOf(
  flow: Flow,
  by: { readonly user: string; readonly branch?: string; readonly isProduction: boolean },
): Isolation {
  const { project } = flow.options;
  const { user, branch, isProduction } = by;
  if (project === undefined) {
    if (branch === undefined && !isProduction) return { name: flow.name };
    throw deploymentErrors.BRANCH_INVALID({
      branch: branch ?? 'prod',
      problem: `flow '${flow.name}' names no project; give it one: flow(…, { project: 'shop' })`,
    });
  }
  if (!/^\w{1,128}$/.test(project)) throw deploymentErrors.PROJECT_INVALID({ project });
  if (branch !== undefined && !/^[\w.]{1,128}$/.test(branch)) {
    throw deploymentErrors.BRANCH_INVALID({
      branch,
      problem: 'it has other things in it than letters, digits, _ and .',
    });
  }
  const own = isProduction
    ? branch === undefined
      ? 'prod'
      : `prod.${branch}`
    : branch === undefined
      ? `user.${user.replace(/[^\w.]/g, '_')}`
      : `test.${branch}`;
  return { name: `${project}.${own}.${flow.name}`, project, branch: own };
}

/** Throws `ENGINE_CANNOT` where tasks of a flow have to run at the same time, which nobody sees to who is given one after the other. */
export function refuseGangs(flow: Flow, engine: string): void {
  const gang = flow.dag().regions.find((region) => region.kind === 'each' && region.isGang);
  if (!gang) return;
  throw deploymentErrors.ENGINE_CANNOT({
    engine,
    flow: flow.name,
    what: `run the tasks of gang() '${gang.id}' at the same time`,
    instead: `have the engine call 'smallboat run', which can`,
  });
}

/** Packs a flow for an engine. Rejects with `ENGINE_CANNOT`, `RUNS_NOT_SHARED`, `SCHEDULE_INVALID`, `SCHEDULE_NEEDS_DEFAULTS`, and as `packCode` does. */
export async function prepareDeployment(options: DeployOptions): Promise<Deployment> {
  const { flow, isolation, token, owner, tags } = options;
  const { schedule } = flow.options;
  refuseGangs(flow, 'An engine');
  const cron = schedule === undefined ? {} : { schedule: cronOf(flow.name, schedule) };
  await startableSchema(flow);
  const packed = await packFlow({
    ...options,
    tags,
    systemTags: [
      `production:${token}`,
      ...(isolation.project === undefined
        ? []
        : [`project:${isolation.project}`, `project_branch:${isolation.branch ?? ''}`]),
    ],
    user: options.runsAs,
  });
  return { ...isolation, ...cron, flow, program: programOf(flow.dag()), packed, token, owner };
}

/** The work that a part of a program is. */
export function workOf(
  part: Extract<Part, { kind: 'step' | 'decide' }>,
): Extract<PlannedWork, { kind: 'step' | 'decide' }> {
  return part.kind === 'step' ? { kind: 'step', step: part.node.name } : { kind: 'decide', region: part.region.id };
}

/** How often an engine starts a piece of work again, and after how many seconds at first: `retry`, and once more for `catch`. */
export function retriesOf(part: Extract<Part, { kind: 'step' | 'decide' }>): { times: number; seconds: number } {
  if (part.kind === 'decide') return { times: 2, seconds: 1 };
  const { retry } = part.node.options;
  const times = (retry?.times ?? 0) + (part.node.fallback === undefined ? 0 : 1);
  return { times, seconds: Math.max(1, Math.round(retry?.backoffSeconds ?? 1)) };
}
