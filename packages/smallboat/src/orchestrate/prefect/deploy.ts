import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Flow } from '../../flow/index.ts';
import { cronOf } from '../cron.ts';
import type { Isolation } from '../deployment.ts';
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
  /** The folder that workers run it in. */
  readonly cwd: string;
}

/** The kind of our work pools. */
const KIND = 'smallboat';

/** The deployment's name beside the flow's: its branch. */
export function deploymentName({ branch }: Isolation): string {
  return branch ?? 'default';
}

/** Makes the work pool, the flow and its deployment with schedule and parameters, or changes them. Gives the deployment's id. */
export async function deployToPrefect(api: Prefect, deployment: PrefectDeployment): Promise<string> {
  const { flow, module, isolation, pool, tags, cwd } = deployment;
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
    tags: [KIND, ...tags, ...(isolation.project === undefined ? [] : [`project:${isolation.project}`])],
    parameter_openapi_schema: { title: 'Parameters', type: 'object', properties, required },
    parameters: Object.fromEntries(defaults.map(([name, schema]) => [name, schema.default])),
    enforce_parameter_schema: true,
    schedules: cron ? [{ active: true, schedule: { cron: cron.text, timezone: cron.timeZone } }] : [],
  });
  await setTriggers(api, {
    id,
    name: `${flow.name}/${deploymentName(isolation)}`,
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
  readonly events: readonly string[];
  /** Names of flows whose good end starts it. */
  readonly flows: readonly string[];
}

/** Automations that start the deployment: one for each kind of trigger, in place of those that it had. */
async function setTriggers(api: Prefect, { id, name, events, flows }: Triggers): Promise<void> {
  await api.ask('DELETE', `/automations/owned-by/prefect.deployment.${id}`);
  const triggers = [
    ...(events.length > 0 ? [{ expect: [...events], match: {}, match_related: {} }] : []),
    ...flows.map((flow) => ({
      expect: ['prefect.flow-run.Completed'],
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      match_related: { 'prefect.resource.role': 'flow', 'prefect.resource.name': flow },
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
