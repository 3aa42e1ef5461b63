/**
 * The least client of Lambda's runtime API that runs a handler, `node lambda-client.mjs run/function.handler`: for tests on Node alone, in place of AWS's
 * own (aws-lambda-ric), which builds native code when it is installed.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API: host, LAMBDA_TASK_ROOT: root = '.' } = process.env;
const base = `http://${host}/2018-06-01/runtime`;
const [, file, name] = /^(.*)\.(\w+)$/.exec(process.argv[2] ?? '') ?? [];
const post = (path, body) => fetch(`${base}/${path}`, { method: 'POST', body: JSON.stringify(body) });
const told = (error) => ({ errorType: error?.name ?? 'Error', errorMessage: String(error?.message ?? error) });

const load = async () => (await import(pathToFileURL(join(root, `${file}.js`)).href))[name];
const handler = await load().catch(async (error) => {
  await post('init/error', told(error));
  process.exit(1);
});
for (;;) {
  const next = await fetch(`${base}/invocation/next`);
  const id = next.headers.get('lambda-runtime-aws-request-id');
  try {
    await post(`invocation/${id}/response`, await handler(await next.json(), {}));
  } catch (error) {
    await post(`invocation/${id}/error`, told(error));
  }
}
