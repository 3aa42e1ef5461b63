import type { Io } from '../kernel/index.ts';
import type { Command } from './command.ts';

/** What the file of a command exports: the command, or how to make it for a command line (`run` has its flow's flags). */
export interface CommandModule {
  readonly command?: Command;
  readonly commandFor?: (argv: readonly string[], io: Io, begun?: never) => Promise<Command>;
  /** What can begin before the rest of the program is loaded; `commandFor` gets what it gives. */
  readonly begin?: (argv: readonly string[]) => unknown;
}

/** A command before its file is loaded. */
export interface CommandEntry {
  readonly group: 'Flows' | 'Compute' | 'Engines' | 'Data' | 'Models';
  /** One line, in the imperative: what it does. */
  readonly summary: string;
  load(): Promise<CommandModule>;
}

/** Every command by name, in the order in which `smallboat --help` lists them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  run: { group: 'Flows', summary: 'Run a flow', load: () => import('./commands/run.ts') },
  check: {
    group: 'Flows',
    summary: 'Look through a flow for mistakes',
    load: () => import('./commands/check.ts'),
  },
  resume: {
    group: 'Flows',
    summary: 'Continue a run that did not end well, without repeating what is done',
    load: () => import('./commands/resume.ts'),
  },
  spin: {
    group: 'Flows',
    summary: 'Run one step of a past run again, alone',
    load: () => import('./commands/spin.ts'),
  },
  why: {
    group: 'Flows',
    summary: 'Say why a step was run, or was not',
    load: () => import('./commands/why.ts'),
  },
  runs: { group: 'Flows', summary: 'List runs', load: () => import('./commands/runs.ts') },
  show: {
    group: 'Flows',
    summary: 'Show a run: its steps, tasks, times and artifacts',
    load: () => import('./commands/show.ts'),
  },
  logs: { group: 'Flows', summary: 'Print what tasks logged', load: () => import('./commands/logs.ts') },
  dump: { group: 'Flows', summary: 'Print the values of artifacts', load: () => import('./commands/dump.ts') },
  card: {
    group: 'Flows',
    summary: 'Write the card of a run, one HTML file',
    load: () => import('./commands/card.ts'),
  },
  tag: {
    group: 'Flows',
    summary: 'List the tags of a run, add some, take some away',
    load: () => import('./commands/tag.ts'),
  },
  gc: {
    group: 'Flows',
    summary: 'Delete runs that are no longer wanted, and what nothing names',
    load: () => import('./commands/gc.ts'),
  },
  doctor: {
    group: 'Flows',
    summary: 'Say what is configured, what answers and what is missing',
    load: () => import('./commands/doctor.ts'),
  },
  code: {
    group: 'Compute',
    summary: 'Show, list or save the code package of a flow or a run',
    load: () => import('./commands/code.ts'),
  },
  jobs: {
    group: 'Compute',
    summary: 'List or stop jobs of AWS Batch and Kubernetes',
    load: () => import('./commands/jobs.ts'),
  },
  image: {
    group: 'Compute',
    summary: 'Print a Dockerfile for an image that tasks run in',
    load: () => import('./commands/image.ts'),
  },
  policy: {
    group: 'Compute',
    summary: 'Print the least that AWS must allow',
    load: () => import('./commands/policy.ts'),
  },
  task: {
    group: 'Compute',
    summary: 'Run one task, as a container does',
    load: () => import('./commands/task.ts'),
  },
  'step-functions': {
    group: 'Engines',
    summary: 'Run a flow on AWS Step Functions and AWS Batch',
    load: () => import('./commands/step-functions.ts'),
  },
  'argo-workflows': {
    group: 'Engines',
    summary: 'Write a flow for Argo Workflows',
    load: () => import('./commands/argo-workflows.ts'),
  },
  airflow: {
    group: 'Engines',
    summary: 'Write a flow for Airflow',
    load: () => import('./commands/airflow.ts'),
  },
  temporal: {
    group: 'Engines',
    summary: 'Run a flow on Temporal',
    load: () => import('./commands/temporal.ts'),
  },
  prefect: {
    group: 'Engines',
    summary: 'Run flows from Prefect',
    load: () => import('./commands/prefect.ts'),
  },
  'github-actions': {
    group: 'Engines',
    summary: 'Write a workflow of GitHub Actions for a flow',
    load: () => import('./commands/github-actions.ts'),
  },
  generate: {
    group: 'Data',
    summary: 'Make sample events of any size',
    load: () => import('./commands/generate.ts'),
  },
  ingest: {
    group: 'Data',
    summary: 'Load raw files into the warehouse',
    load: () => import('./commands/ingest.ts'),
  },
  dbt: {
    group: 'Data',
    summary: 'Build, run and test a dbt project: build, run, test, seed, snapshot, docs, …',
    load: () => import('./commands/dbt.ts'),
  },
  transform: {
    group: 'Data',
    summary: 'The same over the warehouse of the settings',
    load: () => import('./commands/transform.ts'),
  },
  quality: {
    group: 'Data',
    summary: 'Check data, propose suites, run checkpoints, write data docs',
    load: () => import('./commands/quality.ts'),
  },
  validate: {
    group: 'Data',
    summary: 'Check a table against a Great Expectations suite',
    load: () => import('./commands/validate.ts'),
  },
  serve: {
    group: 'Models',
    summary: 'Answer predictions over HTTP',
    load: async () => ({ command: (await import('./commands/serve.ts')).serve }),
  },
  deploy: {
    group: 'Models',
    summary: 'Deploy a model as an endpoint: here, on SageMaker, on Lambda',
    load: () => import('./commands/deploy.ts'),
  },
  keys: {
    group: 'Models',
    summary: 'Make, list and take away API keys of endpoints',
    load: () => import('./commands/keys.ts'),
  },
  score: {
    group: 'Models',
    summary: 'Score the open sessions of a table into another',
    load: () => import('./commands/score.ts'),
  },
  'import-model': {
    group: 'Models',
    summary: 'Make a model folder of an ONNX file',
    load: () => import('./commands/import-model.ts'),
  },
  monitor: {
    group: 'Models',
    summary: 'Watch predictions: drift, live figures, alarms',
    load: () => import('./commands/monitor.ts'),
  },
  models: {
    group: 'Models',
    summary: 'List registered models',
    load: async () => ({ command: (await import('./commands/models.ts')).models }),
  },
  experiments: {
    group: 'Models',
    summary: 'List tracked experiments',
    load: async () => ({ command: (await import('./commands/experiments.ts')).experiments }),
  },
  track: {
    group: 'Models',
    summary: 'Send tracked runs to MLflow, Weights & Biases, Comet',
    load: () => import('./commands/track.ts'),
  },
};
