import { jobManifest } from '../../flow/compute/index.ts';
import { type PlannedWork, VARIABLES, decidersOf, plain } from '../../flow/orchestrated/index.ts';
import { type Deployment, deploymentErrors, retriesOf, workOf } from '../deployment.ts';
import { startableSchema } from '../parameter-schema.ts';
import { type Block, type Part, lastOf } from '../program.ts';

export interface ArgoOptions {
  readonly namespace?: string;
  /** Pods at once. Default: as the cluster has it. */
  readonly maxWorkers?: number;
}

/** A manifest: plain data, as the API server takes it. */
export type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

/** Where a container writes what it decided, and Argo reads it. */
const REPORT = '/tmp/smallboat';

/** Seconds that a pod may take before its body begins and after it has ended: pulling an image is not among them. */
const AROUND = 145;

/**
 * A flow as a WorkflowTemplate of Argo Workflows: each step a pod, each block a DAG, each list a task with its items, a repeat a template
 * that calls itself; and a CronWorkflow where it has a schedule. Rejects with `ENGINE_CANNOT`.
 */
export async function argoManifests(deployment: Deployment, options: ArgoOptions = {}): Promise<readonly Manifest[]> {
  const { flow, program, schedule, token, owner, packed } = deployment;
  if (flow.options.trigger) {
    throw deploymentErrors.ENGINE_CANNOT({
      engine: 'Argo Workflows',
      flow: flow.name,
      what: 'it has triggers, and those are of Argo Events',
      instead: 'Take the trigger away, and write a Sensor that submits the template.',
    });
  }
  const name = objectName(deployment.name);
  const metadata = {
    name,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    labels: { 'app.kubernetes.io/name': 'smallboat-flow', 'app.kubernetes.io/part-of': 'smallboat' },
    annotations: {
      'metaflow/flow_name': flow.name,
      'metaflow/owner': owner,
      'metaflow/production_token': token,
      'smallboat/code': packed.code,
    },
  };
  const { properties, required } = await startableSchema(flow);
  const known = Object.entries(properties).filter(([one, schema]) => 'default' in schema || required.includes(one));
  const host = hostOf(deployment);
  const start = host.pod('start', { kind: 'begin' }, { parameters: known.map(([one]) => one) });
  const end = host.pod('end', { kind: 'end' }, {});
  const { tasks, last } = dagOf(program, { host, index: '', before: ['start'] });
  host.add({
    name: 'main',
    dag: {
      tasks: [
        { name: 'start', template: start, arguments: { parameters: [{ name: 'index', value: '' }] } },
        ...tasks,
        {
          name: 'end',
          template: end,
          depends: last.join(' && '),
          arguments: { parameters: [{ name: 'index', value: '' }] },
        },
      ],
    },
  });
  const { serviceAccountName, nodeSelector, tolerations, imagePullSecrets, volumes } = host.podSpec;
  const spec = {
    entrypoint: 'main',
    arguments: {
      // As Metaflow has it, each is JSON: "text" in quotes.
      parameters: [
        ...known.map(([one, schema]) => ({
          name: one,
          ...('default' in schema ? { value: JSON.stringify(schema.default) } : {}),
        })),
        ...(hasOwnTrace(known.map(([one]) => one)) ? [] : [{ name: TRACE, value: '' }]),
      ],
    },
    podMetadata: { labels: metadata.labels, annotations: metadata.annotations },
    ...(options.maxWorkers === undefined ? {} : { parallelism: options.maxWorkers }),
    ...defined({ serviceAccountName, nodeSelector, tolerations, imagePullSecrets, volumes }),
    templates: host.templates,
  };
  const template = { apiVersion: 'argoproj.io/v1alpha1', kind: 'WorkflowTemplate', metadata, spec };
  if (!schedule) return [template];
  const cron = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'CronWorkflow',
    metadata,
    spec: {
      schedules: [schedule.text],
      timezone: schedule.timeZone,
      concurrencyPolicy: 'Allow',
      workflowSpec: { workflowTemplateRef: { name } },
    },
  };
  return [template, cron];
}

interface Host {
  readonly templates: readonly object[];
  readonly podSpec: Readonly<Record<string, unknown>>;
  readonly decides: (region: string) => string;
  add(template: object): void;
  /** Adds the template of a piece of work; gives its name. */
  pod(key: string, work: PlannedWork, more: PodOptions): string;
}

interface PodOptions {
  readonly part?: Extract<Part, { kind: 'step' | 'decide' }>;
  /** Names of the workflow's parameters, for the piece that begins. */
  readonly parameters?: readonly string[];
}

interface Where {
  readonly host: Host;
  /** What the templates of this block are told of their place. */
  readonly index: string;
  readonly before: readonly string[];
}

interface Dag {
  readonly tasks: readonly object[];
  /** Names of the tasks that no other waits for. */
  readonly last: readonly string[];
}

function dagOf(block: Block, { host, index, before }: Where): Dag {
  const ends = new Map<string, readonly string[]>();
  const tasks: object[] = [];
  for (const part of block) {
    const waits = part.after.length > 0 ? part.after.flatMap((key) => ends.get(key) ?? []) : before;
    const made = tasksOf(part, host, index);
    const depends = waits.length > 0 ? { depends: waits.join(' && ') } : {};
    tasks.push(...made.map((task) => ({ ...task, ...depends })));
    ends.set(
      part.key,
      made.map(({ name }) => name),
    );
  }
  return { tasks, last: block.length === 0 ? before : lastOf(block).flatMap((key) => ends.get(key) ?? []) };
}

type Task = Readonly<Record<string, unknown>> & { readonly name: string };

function tasksOf(part: Part, host: Host, index: string): readonly Task[] {
  const name = slug(part.key);
  const at = (value: string): object => ({ parameters: [{ name: 'index', value }] });
  switch (part.kind) {
    case 'step':
    case 'decide':
      return [{ name, template: host.pod(part.key, workOf(part), { part }), arguments: at(index) }];
    case 'each': {
      const decided = `{{tasks.${host.decides(part.key)}.outputs.parameters.${slug(part.key)}}}`;
      const template = blockTemplate(`${name}-each`, part.body, host);
      return [{ name, template, withParam: decided, arguments: at(`${index},{{item}}`) }];
    }
    case 'choice': {
      const decided = `{{tasks.${host.decides(part.key)}.outputs.parameters.${slug(part.key)}}}`;
      return part.cases.map(({ name: one, body }) => {
        const task = `${name}-${slug(one)}`;
        const template = blockTemplate(`${task}-case`, body, host);
        return { name: task, template, when: `'${decided}' == '${one}'`, arguments: at(index) };
      });
    }
    case 'repeat':
      break;
  }
  const first = [
    { name: 'around', value: index },
    { name: 'iteration', value: '0' },
  ];
  return [{ name, template: loopTemplate(part, host), arguments: { parameters: first } }];
}

/** A template that is a block; `again`: it gives what its last part decided. */
function blockTemplate(name: string, body: Block, host: Host, again?: string): string {
  const { tasks } = dagOf(body, { host, index: '{{inputs.parameters.index}}', before: [] });
  host.add({
    name,
    inputs: { parameters: [{ name: 'index' }] },
    dag: { tasks },
    ...(again === undefined
      ? {}
      : {
          outputs: {
            parameters: [
              {
                name: 'again',
                valueFrom: { parameter: `{{tasks.${host.decides(again)}.outputs.parameters.${slug(again)}}}` },
              },
            ],
          },
        }),
  });
  return name;
}

/** One iteration, and itself once more while the iteration says so. */
function loopTemplate({ key, body }: Extract<Part, { kind: 'repeat' }>, host: Host): string {
  const name = `${slug(key)}-loop`;
  const iteration = blockTemplate(`${slug(key)}-iteration`, body, host, key);
  const index = '{{inputs.parameters.around}},{{inputs.parameters.iteration}}';
  host.add({
    name,
    inputs: { parameters: [{ name: 'around' }, { name: 'iteration' }] },
    steps: [
      [{ name: 'once', template: iteration, arguments: { parameters: [{ name: 'index', value: index }] } }],
      [
        {
          name: 'again',
          template: name,
          when: '{{steps.once.outputs.parameters.again}} == true',
          arguments: {
            parameters: [
              { name: 'around', value: '{{inputs.parameters.around}}' },
              { name: 'iteration', value: '{{=asInt(inputs.parameters.iteration) + 1}}' },
            ],
          },
        },
      ],
    ],
  });
  return name;
}

function hostOf(deployment: Deployment): Host {
  const { flow, packed } = deployment;
  const dag = flow.dag();
  const deciders = decidersOf(dag);
  const templates: object[] = [];
  const decides = (region: string): string => {
    const decider = deciders.get(region);
    if (decider?.kind === 'begin') return 'start';
    return slug(decider?.kind === 'step' ? decider.step : `${region}?`);
  };
  const manifest = podOf('start', { kind: 'begin' }, deployment);
  return {
    templates,
    podSpec: manifest.pod,
    decides,
    add: (template) => void templates.push(template),
    pod(key, work, { part, parameters }) {
      const name = slug(key);
      const decided = dag.regions.filter(({ id }) => decides(id) === name);
      const { container, pod } = podOf(key, work, deployment, part);
      const { serviceAccountName, nodeSelector, tolerations } = pod;
      const { env, ...rest } = container as { env: readonly object[] }; // As `jobManifest` makes it.
      const { times, seconds } = part ? retriesOf(part) : { times: 2, seconds: 1 };
      const timeout = part?.kind === 'step' ? part.node.options.timeoutSeconds : undefined;
      const given = (parameters ?? []).map((one) => `${JSON.stringify(one)}:{{workflow.parameters.${one}}}`);
      templates.push({
        name,
        inputs: { parameters: [{ name: 'index' }] },
        ...defined({ serviceAccountName, nodeSelector, tolerations }),
        activeDeadlineSeconds:
          timeout === undefined ? packed.settings.runtimeLimitSeconds : Math.ceil(timeout + AROUND),
        ...(times > 0
          ? {
              retryStrategy: {
                limit: String(times),
                retryPolicy: 'Always',
                backoff: { duration: `${seconds}s`, factor: '2' },
              },
            }
          : {}),
        ...(decided.length > 0
          ? {
              outputs: {
                parameters: decided.map(({ id }) => ({
                  name: slug(id),
                  valueFrom: { path: `${REPORT}/${plain(id)}` },
                })),
              },
            }
          : {}),
        container: {
          ...rest,
          env: [
            ...env,
            { name: VARIABLES.execution, value: '{{workflow.name}}' },
            { name: VARIABLES.index, value: '{{inputs.parameters.index}}' },
            { name: VARIABLES.report, value: REPORT },
            ...(parameters ? [{ name: VARIABLES.parameters, value: `{${given.join(',')}}` }] : []),
            ...(parameters && !hasOwnTrace(parameters)
              ? [{ name: 'TRACEPARENT', value: `{{workflow.parameters.${TRACE}}}` }]
              : []),
          ],
        },
      });
      return name;
    },
  };
}

/** The parameter by which whoever submits a workflow hands on where it is in a trace: `argo submit -p traceparent=00-…`. */
const TRACE = 'traceparent';

/** A flow with a parameter of that name has it for itself. */
function hasOwnTrace(parameters: readonly string[]): boolean {
  return parameters.includes(TRACE);
}

/** A pod as a job of Kubernetes has it, and its container. */
function podOf(
  key: string,
  work: PlannedWork,
  { flow, packed, owner }: Deployment,
  part?: Extract<Part, { kind: 'step' | 'decide' }>,
): { readonly pod: Readonly<Record<string, unknown>>; readonly container: object } {
  const said = part?.kind === 'step' ? part.node.options : {};
  if (said.compute === 'batch') {
    throw deploymentErrors.ENGINE_CANNOT({
      engine: 'Argo Workflows',
      flow: flow.name,
      what: `step '${key}' runs on AWS Batch, and its steps are pods`,
      instead: "Take the step's compute away, or use Step Functions.",
    });
  }
  const { resources = {}, image, kubernetes } = said;
  const { spec } = jobManifest({
    container: {
      command: packed.command,
      environment: { ...packed.environment, SMALLBOAT_TASK: packed.order(work) },
      resources,
      timeoutSeconds: packed.settings.runtimeLimitSeconds,
      labels: { flow: flow.name, run: '', step: key, task: '', attempt: 0, user: owner },
      ...(image === undefined ? {} : { image }),
      ...(kubernetes ? { kubernetes } : {}),
    },
    settings: packed.settings.kubernetes,
    session: '',
  });
  const { template } = spec as { template: { spec: Readonly<Record<string, unknown>> } }; // As `jobManifest` makes it.
  const [container = {}] = template.spec['containers'] as object[];
  return { pod: template.spec, container: { ...container, name: 'main' } };
}

/** A name of Kubernetes: lower-case letters, digits and `.`. */
function objectName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
}

/** A key as the name of a template: what would be lost is written as its number. */
function slug(key: string): string {
  return key
    .replace(/[^A-Za-z0-9]/g, (letter) => (letter === '.' ? '-' : `-${(letter.codePointAt(0) ?? 0).toString(16)}`))
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .replace(/^-+/, '');
}

function defined(entries: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
