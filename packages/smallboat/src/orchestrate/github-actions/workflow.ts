import type { Flow } from '../../flow/index.ts';
import { cronOf } from '../cron.ts';
import { startableSchema } from '../parameter-schema.ts';

export interface WorkflowOptions {
  readonly flow: Flow;
  /** The file of the flow, from the root of the repository: `apps/intent/flow.ts`, or `flow.ts#name`. */
  readonly file: string;
  /** Names of secrets of the repository that the run gets as environment variables. */
  readonly secrets: readonly string[];
  /** Names of variables of the repository, the same. */
  readonly variables: readonly string[];
  /** What every step gets that does not say so itself. */
  readonly with: readonly string[];
  /** Minutes after which GitHub ends it. Default 360, as GitHub has it. */
  readonly timeoutMinutes?: number;
}

/** Actions by the versions that were tried. */
const CHECKOUT = 'actions/checkout@v4';
const NODE = 'actions/setup-node@v4';
const UPLOAD = 'actions/upload-artifact@v4';
const SCRIPT = 'actions/github-script@v7';

/**
 * A workflow of GitHub Actions, as YAML: runs the flow on its schedule, by hand with its parameters, by events of the repository and for pull
 * requests, where it leaves a comment with what the run made, the same one each time. The runs are kept where the configuration says; the card
 * of the run is an artifact of the workflow. Rejects with `SCHEDULE_NEEDS_DEFAULTS`, `SCHEDULE_INVALID`.
 */
export async function githubWorkflow(options: WorkflowOptions): Promise<string> {
  const { stringify } = await import('yaml');
  const { flow, file, secrets, variables, timeoutMinutes } = options;
  const { properties } = await startableSchema(flow);
  const { schedule, trigger } = flow.options;
  const cron = schedule === undefined ? undefined : cronOf(flow.name, schedule);
  const env = Object.fromEntries([
    ...secrets.map((name) => [name, `\${{ secrets.${name} }}`] as const),
    ...variables.map((name) => [name, `\${{ vars.${name} }}`] as const),
  ]);
  const names = Object.keys(properties);
  const workflow = {
    name: flow.name,
    on: {
      ...(cron
        ? { schedule: [{ cron: cron.text, ...(cron.timeZone === 'UTC' ? {} : { timezone: cron.timeZone }) }] }
        : {}),
      workflow_dispatch: { inputs: Object.fromEntries(names.map((name) => [name, inputOf(properties[name] ?? {})])) },
      pull_request: {},
      ...(trigger?.events ? { repository_dispatch: { types: trigger.events } } : {}),
      ...(trigger?.onFinishOf ? { workflow_run: { workflows: trigger.onFinishOf, types: ['completed'] } } : {}),
    },
    permissions: { contents: 'read', 'pull-requests': 'write' },
    concurrency: { group: `${flow.name}-\${{ github.ref }}`, 'cancel-in-progress': false },
    jobs: {
      run: {
        ...(trigger?.onFinishOf
          ? { if: "github.event_name != 'workflow_run' || github.event.workflow_run.conclusion == 'success'" }
          : {}),
        'runs-on': 'ubuntu-latest',
        ...(timeoutMinutes === undefined ? {} : { 'timeout-minutes': timeoutMinutes }),
        ...(Object.keys(env).length > 0 ? { env } : {}),
        steps: [
          { uses: CHECKOUT },
          { uses: NODE, with: { 'node-version': 24, cache: 'npm' } },
          { run: 'npm ci' },
          {
            name: `Run ${flow.name}`,
            id: 'flow',
            // Inputs come as JSON in a variable: never as part of a command.
            env: { INPUTS: '${{ toJSON(inputs) }}', AS_JSON: namesOfJson(properties).join(' ') },
            run: RUN(file, options.with),
          },
          {
            name: 'Say what it made',
            if: 'always()',
            run: [
              'npx smallboat github-actions summary --run-id-file run-id --out summary.md',
              'cat summary.md >> "$GITHUB_STEP_SUMMARY"',
            ].join('\n'),
          },
          { name: 'Make the card of the run', if: 'always()', run: 'npx smallboat card --out card.html || true' },
          {
            if: 'always()',
            uses: UPLOAD,
            with: { name: 'card', path: 'card.html', 'if-no-files-found': 'ignore' },
          },
          {
            name: 'Comment on the pull request',
            if: "always() && github.event_name == 'pull_request'",
            uses: SCRIPT,
            with: { script: COMMENT(flow.name) },
          },
        ],
      },
    },
  };
  const head = `# Made by smallboat github-actions create: change the flow and make it again.\n`;
  return head + stringify(workflow, { lineWidth: 0 });
}

/** Turns inputs into parameters: what was left empty has its default, and what is no text is JSON. */
const PARAMETERS = [
  'const given = Object.entries(JSON.parse(process.env.INPUTS) ?? {}).filter(([, value]) => value !== "");',
  'const isJson = (name, value) => typeof value === "string" && process.env.AS_JSON.split(" ").includes(name);',
  'const read = ([name, value]) => [name, isJson(name, value) ? JSON.parse(value) : value];',
  'console.log(JSON.stringify(Object.fromEntries(given.map(read))));',
].join(' ');

const RUN = (file: string, specs: readonly string[]): string => {
  const flags = specs.map((spec) => ` --with ${quoted(spec)}`).join('');
  return [
    `node -e '${PARAMETERS}' > parameters.json`,
    `npx smallboat run ${quoted(file)} --params parameters.json --run-id-file run-id${flags}`,
  ].join('\n');
};

/** Writes the summary into the comment that an earlier run left, or a new one. */
const COMMENT = (flow: string): string =>
  [
    `const mark = '<!-- smallboat ${flow} -->';`,
    "const summary = require('fs').readFileSync('summary.md', 'utf8');",
    'const body = `${mark}\\n${summary}`;',
    'const where = { owner: context.repo.owner, repo: context.repo.repo };',
    'const issue_number = context.issue.number;',
    'const comments = await github.paginate(github.rest.issues.listComments, { ...where, issue_number });',
    'const before = comments.find((comment) => comment.body.startsWith(mark));',
    'if (before) await github.rest.issues.updateComment({ ...where, comment_id: before.id, body });',
    'else await github.rest.issues.createComment({ ...where, issue_number, body });',
  ].join('\n');

function inputOf(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { description, default: given, type, enum: choices } = schema;
  const about = typeof description === 'string' ? { description } : {};
  if (Array.isArray(choices)) {
    return {
      ...about,
      type: 'choice',
      options: choices.map(String),
      ...(given === undefined ? {} : { default: textOf(given) }),
    };
  }
  const kind = type === 'boolean' ? 'boolean' : 'string';
  if (given === undefined) return { ...about, type: kind, required: false };
  return {
    ...about,
    type: kind,
    default: kind === 'boolean' ? given === true : typeof given === 'string' ? given : JSON.stringify(given),
  };
}

/** Parameters that are typed as JSON, since they are no texts. */
function namesOfJson(properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>): readonly string[] {
  return Object.entries(properties)
    .filter(([, { type, enum: choices }]) => type !== 'string' && choices === undefined)
    .map(([name]) => name);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A word of a shell. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
