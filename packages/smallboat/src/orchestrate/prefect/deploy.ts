import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Flow } from '../../flow/index.ts';
import { cronOf } from '../cron.ts';
import type { Isolation } from '../deployment.ts';
import type { Deployed } from '../production-token.ts';
import { startableSchema } from '../parameter-schema.ts';
import { type Prefect, prefectErrors } from './prefect-api.ts';

export interface PrefectDeployment {
  readonly flow: Flow;
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly isolation: Isolation;
  /** Work pool; made where there is none. */
  readonly pool: string;
  readonly tags: readonly string[];
  /** Names its runs, and is asked of whoever changes it: as Metaflow has it. */
  readonly token: string;
  readonly owner: string;
  /** The folder that workers run it in. */
  readonly cwd: string;
}

/** The kind of our work pools. */
const KIND = 'smallboat';

const TOKEN = 'production:';
const OWNER = 'owner:';

/** Who made a deployment, and its token; undefined where there is none. */
export async function prefectDeployed(api: Prefect, flow: Flow, isolation: Isolation): Promise<Deployed | undefined> {
  try {
    const path = `/deployments/name/${encodeURIComponent(flow.name)}/${encodeURIComponent(deploymentName(isolation))}`;
    const { tags } = await api.ask<{ readonly tags: readonly string[] }>('GET', path);
    const after = (start: string): string | undefined => tags.find((tag) => tag.startsWith(start))?.slice(start.length);
    const token = after(TOKEN);
    // One that was made before there were tokens is anybody's.
    return token === undefined ? undefined : { token, owner: after(OWNER) ?? 'somebody' };
  } catch (error) {
    if (prefectErrors.PREFECT_REFUSED.is(error) && error.facts.status === 404) return undefined;
    throw error;
  }
}

/** What a flow run says of the runs that are made for it: their namespace, their project and branch. */
export function tagsOfRuns(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => tag.startsWith(TOKEN) || tag.startsWith('project:') || tag.startsWith('project_branch:'));
}

/** The deployment's name beside the flow's: its branch. */
export function deploymentName({ branch }: Isolation): string {
  return branch ?? 'default';
}

/** Makes the work pool, the flow and its deployment with schedule and parameters, or changes them. Gives the deployment's id. */
export async function deployToPrefect(api: Prefect, deployment: PrefectDeployment): Promise<string> {
  const { flow, module, isolation, pool, tags, cwd, token, owner } = deployment;
  const { schedule, about, trigger } = flow.options;
  await ensurePool(api, pool);
  const { id: flowId } = await api.ask<{ id: string }>('POST', '/flows/', { name: flow.name, tags: [KIND] });
  const { properties, required } = await startableSchema(flow);
  const defaults = Object.entries(properties).filter(([, schema]) => 'default' in schema);
  const cron = schedule === undefined ? undefined : cronOf(flow.name, schedule);
  const { id } = await api.ask<{ id: string }>('POST', '/deployments/', {
    name: deploymentName(isolation),
    flow_id: flowId,
    work_pool_name: pool,
    entrypoint: `${relative(cwd, fileURLToPath(module))}:${flow.name}`,
    path: cwd,
    description: about ?? `The flow ${flow.name}.`,
    tags: [
      KIND,
      ...tags,
      `${TOKEN}${token}`,
      `${OWNER}${owner}`,
      ...(isolation.project === undefined
        ? []
        : [`project:${isolation.project}`, `project_branch:${isolation.branch ?? ''}`]),
    ],
    parameter_openapi_schema: { title: 'Parameters', type: 'object', properties, required },
    parameters: Object.fromEntries(defaults.map(([name, schema]) => [name, schema.default])),
    enforce_parameter_schema: true,
    schedules: cron ? [{ active: true, schedule: { cron: cron.text, timezone: cron.timeZone } }] : [],
  });
  await setTriggers(api, {
    id,
    name: `${flow.name}/${deploymentName(isolation)}`,
    branch: deploymentName(isolation),
    events: trigger?.events ?? [],
    flows: trigger?.onFinishOf ?? [],
  });
  return id;
}

async function ensurePool(api: Prefect, name: string): Promise<void> {
  const about = 'Tasks of a run at once. Default: as the worker says.';
  const variables = {
    type: 'object',
    properties: { max_workers: { type: 'integer', minimum: 1, description: about } },
  };
  try {
    await api.ask('POST', '/work_pools/', {
      name,
      type: KIND,
      description: 'Flows of Smallboat, run by: smallboat prefect worker',
      base_job_template: { job_configuration: { max_workers: '{{ max_workers }}' }, variables },
    });
  } catch (error) {
    // It is there already.
    if (!(prefectErrors.PREFECT_REFUSED.is(error) && error.facts.status === 409)) throw error;
  }
}

interface Triggers {
  readonly id: string;
  readonly name: string;
  /** Name of the deployment, as those of the same branch have it. */
  readonly branch: string;
  readonly events: readonly string[];
  /** Names of flows whose good end starts it. */
  readonly flows: readonly string[];
}

/** Automations that start the deployment: one for each kind of trigger, in place of those that it had. */
async function setTriggers(api: Prefect, { id, name, branch, events, flows }: Triggers): Promise<void> {
  await api.ask('DELETE', `/automations/owned-by/prefect.deployment.${id}`);
  const triggers = [
    ...(events.length > 0 ? [{ expect: [...events], match: {}, match_related: {} }] : []),
    ...flows.map((flow) => ({
      expect: ['prefect.flow-run.Completed'],
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      // Of the same branch: what somebody tries out starts nobody else's.
      match_related: [
        { 'prefect.resource.role': 'flow', 'prefect.resource.name': flow },
        { 'prefect.resource.role': 'deployment', 'prefect.resource.name': branch },
      ],
    })),
  ];
  for (const [i, trigger] of triggers.entries()) {
    await api.ask('POST', '/automations/', {
      name: `${name} trigger ${i + 1}`,
      enabled: true,
      trigger: { type: 'event', posture: 'Reactive', threshold: 1, within: 0, ...trigger },
      actions: [{ type: 'run-deployment', source: 'selected', deployment_id: id }],
      owner_resource: `prefect.deployment.${id}`,
    });
  }
}
