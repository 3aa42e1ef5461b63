import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../packages/smallboat/src/serving/index.ts';
import { writeDeployFiles } from '../packages/smallboat/src/serving/deploy/index.ts';
import { writeTestModel } from '../packages/smallboat/src/serving/testing/test-model.ts';
import { python, pythonEnv } from './python.ts';
import { freePort, serverProcess } from './server.ts';

/** What we write, read by those whose formats they are: cfn-lint, the Serverless Framework's continuation osls, OpenAPI's validator, Prometheus' parser. */

let folder = '';
let modelFolder = '';
const options = { name: 'shop', cors: ['https://shop.example'], monthlyBudget: 50 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  modelFolder = await writeTestModel(join(folder, 'model'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(['lambda', 'sagemaker'] as const)('cfn-lint accepts the template for %s', async (target) => {
  const to = join(folder, target);
  await writeDeployFiles({ ...options, target, folder: to, modelFolder });
  const lint = async (path: string): Promise<string> =>
    promisify(execFile)(join(pythonEnv('serving-files'), 'cfn-lint'), ['--include-checks', 'I', '--', path]).then(
      ({ stdout }) => stdout,
      (error: unknown) => JSON.stringify(error) + (error instanceof Error ? error.message : ''),
    );
  expect(await lint(join(to, 'template.json'))).toBe('');
  // The judge sees what is wrong.
  const text = await readFile(join(to, 'template.json'), 'utf8');
  await writeFile(join(to, 'broken.json'), text.replace('"AWS::IAM::Role"', '"AWS::IAM::Rolle"'));
  expect(await lint(join(to, 'broken.json'))).toContain('AWS::IAM::Rolle');
});

it('osls packages serverless.yml: our function with our role, and no other', async () => {
  const to = await serverlessFolder();
  const run = promisify(execFile);
  const env = { ...serverlessEnv, SAGEMAKER_ENDPOINT_NAME: 'intent' };
  await run(join(to, 'node_modules/.bin/osls'), ['package', '--stage', 'test'], { cwd: to, env }).catch(
    (error: unknown) => {
      throw new Error(
        error instanceof Error && 'stdout' in error ? `${String(error.stdout)}\n${error.message}` : String(error),
      );
    },
  );
  const made = join(to, '.serverless/cloudformation-template-update-stack.json');
  const { Resources } = JSON.parse(await readFile(made, 'utf8')) as {
    readonly Resources: Readonly<
      Record<string, { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> }>
    >;
  };
  const roles = Object.values(Resources).filter(({ Type }) => Type === 'AWS::IAM::Role');
  expect(roles).toHaveLength(1);
  expect(JSON.stringify(roles)).toContain('endpoint/intent');
  const functions = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  expect(functions.map(({ Properties }) => Properties['Handler'])).toEqual(['run/function.handler']);
  expect(functions[0]?.Properties['Role']).toEqual({ 'Fn::GetAtt': ['Role', 'Arn'] });
});

it('serverless-offline runs the function of serverless.yml, and it answers as the model does', async () => {
  const to = await serverlessFolder();
  const path = join(to, 'serverless.yml');
  const file = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...file, plugins: ['serverless-offline'] }));
  const [port, lambdaPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const args = ['offline', 'start', '--host', '127.0.0.1', '--httpPort', `${port}`, '--lambdaPort', `${lambdaPort}`];
  await using _ = await serverProcess(join(to, 'node_modules/.bin/osls'), args, {
    cwd: to,
    env: serverlessEnv,
    ready: () =>
      fetch(`${url}/ping`).then(
        (answer) => answer.ok,
        () => false,
      ),
  });
  await using endpoint = await serve({ modelFolder, endpointName: 'shop' });
  const ask = async (at: string): Promise<unknown> =>
    ((await (await fetch(`${at}/predict?session=view,detail,add`)).json()) as { prediction: number }).prediction;
  expect(await ask(url)).toBe(await ask(endpoint.url));
  expect((await fetch(`${url}/predict?session=dance`)).status).toBe(400);
  const posted = await fetch(`${url}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://shop.example' },
    body: JSON.stringify({ instances: [['view', 'add']] }),
  });
  expect(await posted.json()).toMatchObject({ predictions: [[expect.any(Number)]] });
  expect(posted.headers.get('access-control-allow-origin')).toBe('https://shop.example');
});

const serverlessEnv = {
  ...process.env,
  AWS_ACCESS_KEY_ID: 'nobody',
  AWS_SECRET_ACCESS_KEY: 'nothing',
  BUDGET_EMAIL: 'team@example.com',
  SLS_TELEMETRY_DISABLED: '1',
};

let serverlessMade: Promise<string> | undefined;
/** A folder with our files for Lambda, and the framework. */
async function serverlessFolder(): Promise<string> {
  const made = (serverlessMade ??= (async () => {
    const to = join(folder, 'serverless');
    await writeDeployFiles({ ...options, target: 'lambda', folder: to, modelFolder });
    await writeFile(join(to, 'package.json'), '{"private":true}');
    const packages = ['osls@4.3.1', 'serverless-offline@14.8.2'];
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
    await promisify(execFile)('npm', ['install', ...quiet, ...packages], { cwd: to });
    return to;
  })());
  return made;
}

it("OpenAPI's validator accepts the document, and Prometheus' parser the metrics", async () => {
  await using endpoint = await serve({ modelFolder });
  await fetch(`${endpoint.url}/predict?session=view,add`);
  await fetch(`${endpoint.url}/predict?session=buy`);
  const program = `
import json, sys, urllib.request
from openapi_spec_validator import validate
from prometheus_client.parser import text_string_to_metric_families
get = lambda path: urllib.request.urlopen(sys.argv[1] + path).read().decode()
validate(json.loads(get('/openapi.json')))
families = {f.name: f for f in text_string_to_metric_families(get('/metrics'))}
total = lambda status: sum(s.value for s in families['smallboat_requests'].samples if s.labels['status'] == status and s.labels['route'] == '/predict')
print(json.dumps({'kinds': {n: f.type for n, f in families.items()}, 'ok': total('200'), 'bad': total('400')}))
`;
  const said = JSON.parse(await python('serving-files', ['-c', program, endpoint.url])) as Record<string, unknown>;
  expect(said).toMatchObject({
    kinds: { smallboat_requests: 'counter', smallboat_request_seconds: 'histogram', smallboat_model_info: 'gauge' },
    ok: 1,
    bad: 1,
  });
});

it('two packages of one model are the same bytes, made by two processes', async () => {
  const hashes = await Promise.all(
    [1, 2].map(async (i) => {
      const program = `import { functionZip } from ${JSON.stringify(new URL('../packages/smallboat/src/serving/deploy/package.ts', import.meta.url).href)};
console.log((await functionZip(${JSON.stringify(modelFolder)})).hash);`;
      const path = join(folder, `zip-${i}.mts`);
      await writeFile(path, program);
      return (await promisify(execFile)(process.execPath, [path])).stdout;
    }),
  );
  expect(hashes[0]).toBe(hashes[1]);
});
