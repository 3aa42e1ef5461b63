import { NOT_TAKEN, VARIABLES, decidersOf } from '../../flow/orchestrated/index.ts';
import { type Deployment, deploymentErrors, retriesOf, workOf } from '../deployment.ts';
import { startableSchema } from '../parameter-schema.ts';
import { type Block, type Part, lastOf } from '../program.ts';
import { PRELUDE } from './prelude.ts';

export interface DagFileOptions {
  /** Elements of a list at once. Default: as Airflow has it. */
  readonly maxWorkers?: number;
}

/** Seconds that a task may take before its body begins and after it has ended. */
const AROUND = 145;

/**
 * A flow as the file of a DAG of Airflow 3: a task a step, a mapped group of tasks a list. Tasks are commands, which run where Airflow's
 * workers are and need Node there; what they run comes from the store. A step in a case that is not taken is passed over.
 * Rejects with `ENGINE_CANNOT`: Airflow has no loops, and no lists in lists.
 */
export async function dagFile(deployment: Deployment, { maxWorkers }: DagFileOptions = {}): Promise<string> {
  const { name, flow, program, packed, token, owner, schedule } = deployment;
  const { properties, required } = await startableSchema(flow);
  const { planned: _, ...order } = JSON.parse(packed.order({ kind: 'begin' })) as Record<string, unknown>; // An order, as it was just written.
  const { events = [], onFinishOf = [] } = flow.options.trigger ?? {};
  const around = name.slice(0, name.length - flow.name.length);
  const assets = [...events, ...onFinishOf.map((of) => assetOf(`${around}${of}`))];
  const lines: string[] = [];
  const host: Host = { deployment, lines, ...(maxWorkers === undefined ? {} : { maxWorkers }) };
  const last = block(program, { host, indent: '    ', before: ['start'], index: undefined });
  return [
    `# Flow ${flow.name}, made by Smallboat for ${owner}: change the flow and make it again.`,
    `# production token: ${token}`,
    PRELUDE,
    `COMMAND = ${literal(packed.command)}`,
    `ORDER = ${literal(order)}`,
    `ENVIRONMENT = ${literal(packed.environment)}`,
    `PARAMETERS = ${literal(properties)}`,
    `REQUIRED = ${literal(required)}`,
    `NOT_TAKEN = ${NOT_TAKEN}`,
    '',
    'with DAG(',
    `    dag_id=${text(name)},`,
    `    description=${text(flow.options.about ?? `The flow ${flow.name}.`)},`,
    `    schedule=schedule(${schedule ? `${text(schedule.text)}, ${text(schedule.timeZone)}` : 'None, None'}, ${literal(assets)}),`,
    '    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),',
    '    catchup=False,',
    '    params=parameters(PARAMETERS, REQUIRED),',
    `    tags=["smallboat"${deployment.branch === undefined ? '' : `, ${text(deployment.branch)}`}],`,
    `    default_args={"owner": ${text(owner)}},`,
    ') as dag:',
    `    start = piece("start", {"kind": "begin"}, retries=2, more={"${VARIABLES.parameters}": "{{ params | tojson }}"})`,
    ...lines,
    `    end = piece("end", {"kind": "end"}, retries=2, outlets=[Asset(${text(assetOf(name))})])`,
    `    ${list(last)} >> end`,
    '',
  ].join('\n');
}

interface Host {
  readonly deployment: Deployment;
  readonly lines: string[];
  readonly maxWorkers?: number;
}

interface Where {
  readonly host: Host;
  readonly indent: string;
  /** Variables of the tasks that come before the block. */
  readonly before: readonly string[];
  /** The variable with the place in the list around, where there is one. */
  readonly index: string | undefined;
  readonly isInCase?: boolean;
}

/** Writes a block; gives the variables of the tasks that it ends with. */
function block(parts: Block, where: Where): readonly string[] {
  const ends = new Map<string, readonly string[]>();
  for (const part of parts) {
    const before = part.after.length > 0 ? part.after.flatMap((key) => ends.get(key) ?? []) : where.before;
    ends.set(part.key, onePart(part, { ...where, before }));
  }
  return parts.length === 0 ? where.before : lastOf(parts).flatMap((key) => ends.get(key) ?? []);
}

function onePart(part: Part, where: Where): readonly string[] {
  const { host, indent, before, index, isInCase = false } = where;
  const { flow } = host.deployment;
  const cannot = (what: string): never => {
    const instead = 'Use Argo Workflows or Step Functions, or make it one step.';
    throw deploymentErrors.ENGINE_CANNOT({ engine: 'Airflow', flow: flow.name, what, instead });
  };
  switch (part.kind) {
    case 'step':
    case 'decide':
      return [task(part, where)];
    case 'choice':
      return part.cases.flatMap(({ body }) => block(body, { ...where, isInCase: true }));
    case 'repeat':
      return cannot(`it repeats a part ('${part.key}'), and a DAG has no loops`);
    case 'each':
      break;
  }
  if (index !== undefined)
    return cannot(`its list '${part.key}' is in a list, and mapped tasks cannot be mapped again`);
  if (isInCase) return cannot(`its list '${part.key}' is in a case of a choice, and what is passed over has no length`);
  const name = variable(part.key);
  const decider = decidersOf(flow.dag()).get(part.key);
  const from =
    decider?.kind === 'step' ? variable(decider.step) : decider?.kind === 'begin' ? 'start' : variable(`${part.key}?`);
  host.lines.push(`${indent}@task_group(group_id=${text(groupId(part.key))})`, `${indent}def ${name}(index):`);
  const inside = `${indent}    `;
  const ends = block(part.body, { host, indent: inside, before: [], index: 'index' });
  if (ends.length === 0) host.lines.push(`${inside}pass`);
  host.lines.push(
    `${indent}${name}_places = places.override(task_id=${text(`${groupId(part.key)}-places`)})(${from}.output, ${text(part.key)})`,
    `${indent}${list(before)} >> ${name}_places`,
    `${indent}${name}_each = ${name}.expand(index=${name}_places)`,
  );
  return [`${name}_each`];
}

function task(
  part: Extract<Part, { kind: 'step' | 'decide' }>,
  { host, indent, before, index, isInCase }: Where,
): string {
  const name = variable(part.key);
  const { times, seconds } = retriesOf(part);
  const said = part.kind === 'step' ? part.node.options : {};
  if (said.compute === 'batch' || said.compute === 'kubernetes') {
    throw deploymentErrors.ENGINE_CANNOT({
      engine: 'Airflow',
      flow: host.deployment.flow.name,
      what: `step '${part.key}' runs as a job of ${said.compute}, and its tasks are commands on Airflow's workers`,
      instead:
        "Take the step's compute away, use an executor that runs tasks there, or use Argo Workflows or Step Functions.",
    });
  }
  const more = [
    `retries=${times}`,
    `delay=${seconds}`,
    ...(said.timeoutSeconds === undefined ? [] : [`limit=${said.timeoutSeconds + AROUND}`]),
    ...(index === undefined ? [] : [`index=${index}`]),
    ...(isInCase === true ? ['in_case=True'] : []),
    ...(index !== undefined && host.maxWorkers !== undefined ? [`at_once=${host.maxWorkers}`] : []),
  ];
  host.lines.push(
    `${indent}${name} = piece(${text(taskId(part.key))}, ${literalInline(workOf(part))}, ${more.join(', ')})`,
  );
  if (before.length > 0) host.lines.push(`${indent}${list(before)} >> ${name}`);
  return name;
}

/** What a DAG gives when it has ended well, for those that wait for it. */
function assetOf(name: string): string {
  return `smallboat-${name}`;
}

/** A key as a variable of Python: unlike any other, since `_` is doubled. */
function variable(key: string): string {
  return `t_${key.replaceAll('_', '__').replace(/\W/g, (letter) => `_${(letter.codePointAt(0) ?? 0).toString(16)}_`)}`;
}

function taskId(key: string): string {
  return key.replace(/\?$/, '.decide').replace(/[^\w.-]/g, '_');
}

/** Groups have no dots in their names: those part a group from its tasks. */
function groupId(key: string): string {
  return taskId(key).replaceAll('.', '-');
}

function list(variables: readonly string[]): string {
  return variables.length === 1 ? (variables[0] ?? '') : `[${variables.join(', ')}]`;
}

/** JSON is read by Python as it runs: no value of it is ever code. */
function literal(value: unknown): string {
  return `json.loads(${text(JSON.stringify(value))})`;
}

function literalInline(value: Readonly<Record<string, string>>): string {
  return `{${Object.entries(value)
    .map(([name, one]) => `${text(name)}: ${text(one)}`)
    .join(', ')}}`;
}

/** A text as Python writes it: JSON's way is one of Python's. */
function text(value: string): string {
  return JSON.stringify(value);
}
