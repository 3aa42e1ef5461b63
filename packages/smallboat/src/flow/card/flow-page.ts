import {
  type Html,
  type ReportComponent,
  type SectionComponent,
  type TableComponent,
  html,
  page,
  renderComponents,
} from '../../report/index.ts';
import type { Flow } from '../compose/flow.ts';
import type { StepNode } from '../definition.ts';
import { graphOf } from '../engine/record.ts';
import type { StepOptions } from '../options.ts';
import type { RunView } from '../read-run.ts';
import type { RunEnvironment } from '../run-environment.ts';
import { seconds } from '../run-display.ts';
import { type Fact, factTable } from './fact-table.ts';
import { flowPicture, stepId } from './picture.ts';
import { RUN_TONES, runTable, timeOf } from './run-table.ts';

/** A parameter as the command line takes it. */
export interface FlowParam {
  readonly name: string;
  readonly flag: string;
  readonly type: string;
  readonly about: string;
  /** As text; undefined where it has to be given. */
  readonly default?: string;
}

export interface FlowPageOptions {
  readonly flow: Flow;
  readonly params: readonly FlowParam[];
  /** Its last runs, the latest first. */
  readonly runs: readonly RunView[];
  /** The file that defines it, as one types it. */
  readonly file: string;
  readonly environment: Pick<RunEnvironment, 'code' | 'commit' | 'branch'>;
}

/** What a pipeline is, as a page: what it is for, what data, what checks, who to ask, its graph and its needs. No body runs. */
export function renderFlowPage({ flow, params, runs, file, environment }: FlowPageOptions): string {
  const { about, owner, data = [], checks = [] } = flow.options;
  const dag = flow.dag();
  const graph = graphOf(dag, flow.options);
  const picture = flowPicture(graph, (name) => noteOf(dag.steps.find((step) => step.name === name)?.options ?? {}));
  const missing = params.filter((param) => param.default === undefined).map(({ flag }) => ` --${flag} …`);
  const figures = [
    { label: 'Steps', value: String(dag.steps.length) },
    { label: 'Parameters', value: String(params.length) },
    ...lastRun(runs),
  ];
  const version = { 'code (SHA-256)': environment.code, commit: environment.commit, branch: environment.branch };
  const parts: readonly Html[] = [
    renderComponents([
      ...(about === undefined ? [] : [{ kind: 'text', text: about } as const]),
      ...(owner === undefined ? [] : [{ kind: 'text', text: `Who to ask: ${owner}` } as const]),
      { kind: 'figures', figures },
    ]),
    list('Data', data),
    list('Checks', checks),
    html`<h2>Steps</h2>
      ${picture}${renderComponents([stepTable(dag.steps), ...dag.steps.map(stepSection)])}`,
    renderComponents(parameterTable(params)),
    runs.length === 0
      ? html``
      : renderComponents([{ kind: 'heading', text: 'Last runs' }, runTable(runs, ({ info }) => info.run)]),
    renderComponents([
      { kind: 'heading', text: 'How to run it' },
      { kind: 'code', text: `smallboat run ${file}${missing.join('')}` },
      factTable(Object.entries(version)),
    ]),
  ];
  return page({
    title: flow.name,
    subtitle: `A flow of ${dag.steps.length} steps, defined in ${file}`,
    body: html`${parts.filter((part) => part.toString() !== '').map((part) => html`<section>${part}</section> `)}`,
    isInteractive: true,
  });
}

function lastRun([latest]: readonly RunView[]) {
  if (!latest) return [];
  const { state, info } = latest;
  return [{ label: 'Last run', value: state, tone: RUN_TONES[state], note: timeOf(info.createdAt) }];
}

function list(title: string, lines: readonly string[]): Html {
  if (lines.length === 0) return html``;
  return html`<h2>${title}</h2>
    <ul>
      ${lines.map((line) => html`<li>${line}</li> `)}
    </ul> `;
}

/** A few words under a step's name: what it needs most. */
function noteOf({ resources: { gpu = 0, memoryMiB } = {}, compute }: StepOptions): string | undefined {
  const words = [
    ...(compute === undefined || compute === 'local' ? [] : [compute]),
    ...(gpu > 0 ? [`${gpu} GPU`] : []),
    ...(memoryMiB === undefined ? [] : [`${memoryMiB} MiB`]),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

function stepTable(steps: readonly StepNode[]): TableComponent {
  return {
    kind: 'table',
    columns: ['step', 'what it is for', 'needs', 'attempts', 'time limit'],
    rows: steps.map((step) => {
      const facts = new Map(factsOf(step));
      const told = ['needs', 'attempts', 'time limit'].map((what) => facts.get(what) ?? null);
      return [{ value: step.name, to: stepId(step.name) }, step.options.about ?? null, ...told];
    }),
  };
}

function stepSection(step: StepNode): SectionComponent {
  const { name, options, after } = step;
  const before = after.length === 0 ? 'the beginning' : after.join(', ');
  return {
    kind: 'section',
    id: stepId(name),
    title: name,
    ...(options.about === undefined ? {} : { note: options.about }),
    components: [factTable([['runs after', before], ...factsOf(step)])],
  };
}

/** What a step asks for, in words. Secrets and variables by name: their values are nobody's business here. */
function factsOf({ inputs, options, fallback, card }: StepNode): readonly Fact[] {
  const {
    resources = {},
    retry,
    timeoutSeconds,
    compute,
    image,
    secrets = [],
    environment = {},
    batch,
    kubernetes,
  } = options;
  const units = {
    cpu: 'CPU',
    gpu: 'GPU',
    memoryMiB: 'MiB memory',
    diskMiB: 'MiB disk',
    sharedMemoryMiB: 'MiB shared memory',
  };
  const needs = Object.entries(units).flatMap(([key, unit]) => {
    const amount = resources[key as keyof typeof units]; // Its own keys.
    return amount === undefined ? [] : [`${amount} ${unit}`];
  });
  return [
    ['reads', Object.keys(inputs).join(', ')],
    ['needs', needs.join(', ')],
    ['attempts', retry && `up to ${retry.times + 1}, first again after ${retry.backoffSeconds ?? 1} s`],
    ['time limit', timeoutSeconds === undefined ? undefined : seconds(timeoutSeconds * 1000)],
    ['when it fails for good', fallback && 'its catch gives what takes its place'],
    ['runs on', compute],
    ['queue', batch?.queue],
    ['namespace', kubernetes?.namespace],
    ['image', image],
    ['secrets', secrets.join(', ')],
    ['environment', Object.keys(environment).join(', ')],
    ['card', card && 'makes its own'],
  ];
}

function parameterTable(params: readonly FlowParam[]): readonly ReportComponent[] {
  if (params.length === 0) return [];
  return [
    { kind: 'heading', text: 'Parameters' },
    {
      kind: 'table',
      columns: ['parameter', 'flag', 'type', 'default', 'what it is'],
      rows: params.map(({ name, flag, type, about, default: given }) => [
        name,
        `--${flag}`,
        type,
        given ?? { value: 'required', tone: 'warn' },
        about,
      ]),
    },
  ];
}
