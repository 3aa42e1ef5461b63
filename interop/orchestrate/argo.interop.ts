import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { argoManifests } from '../../packages/smallboat/src/orchestrate/index.ts';
import { deploymentOf } from '../../packages/smallboat/src/orchestrate/testing/deployment.ts';
import {
  branch,
  choices,
  grids,
  linear,
  loops,
  squares,
  troubles,
} from '../../packages/smallboat/src/orchestrate/testing/flows.ts';
import { pythonEnv } from '../python.ts';
import { aProject, sharedPlace, smallboat } from './project.ts';

const script = fileURLToPath(new URL('./argo_check.py', import.meta.url));

/** What Argo's own schema finds in manifests: fields that it does not know, values of another kind. */
async function problemsIn(manifests: unknown): Promise<readonly string[]> {
  const child = spawn(join(pythonEnv('argo'), 'python'), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(manifests));
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) text += part;
  return JSON.parse(text) as string[];
}

it('makes manifests that fit Argo’s schema, of every form of flow', async () => {
  const all = await Promise.all(
    [linear, branch, grids, squares, choices, loops, troubles].map((flow) =>
      argoManifests(deploymentOf(flow), { maxWorkers: 4 }),
    ),
  );
  expect(await problemsIn(all.flat())).toEqual([]);
});

it('would notice what does not fit', async () => {
  const [template] = await argoManifests(deploymentOf(linear));
  const { spec } = template as unknown as { spec: object };
  expect(await problemsIn([{ ...template, spec: { ...spec, entry: 'main' } }])).toEqual([
    'WorkflowTemplate.spec.entry is unknown',
  ]);
});

it('writes them from the command line, with a CronWorkflow in the time zone of the schedule', async () => {
  await using place = await sharedPlace();
  const project = aProject();
  const env = {
    ...place.env,
    METAFLOW_KUBERNETES_SERVICE_ACCOUNT: 'flows',
    METAFLOW_KUBERNETES_CONTAINER_IMAGE: 'node:24',
  };
  const { code, out, err } = await smallboat(
    ['argo-workflows', 'create', `${project.flows}#Hourly`, '--namespace', 'ml'],
    {
      cwd: project.root,
      env,
    },
  );
  expect(code, err).toBe(0);
  const manifests = parseAllDocuments(out).map((document) => document.toJS() as unknown);
  expect(await problemsIn(manifests)).toEqual([]);
  expect(manifests).toMatchObject([
    { kind: 'WorkflowTemplate', metadata: { name: 'hourly', namespace: 'ml' }, spec: { serviceAccountName: 'flows' } },
    { kind: 'CronWorkflow', spec: { schedules: ['0 * * * *'], timezone: 'Asia/Tokyo' } },
  ]);
});
