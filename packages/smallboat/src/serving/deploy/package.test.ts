import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPredictor } from '../load-predictor.ts';
import { unpackModel } from '../sagemaker/unpack-model.ts';
import { runFunction } from '../testing/lambda-runtime.ts';
import { startContainer } from '../testing/start-container.ts';
import { writeTestModel } from '../testing/test-model.ts';
import { functionZip, imageFiles, packModel } from './package.ts';

const client = fileURLToPath(new URL('../testing/lambda-client.mjs', import.meta.url));
let folder = '';
let model = '';
let expected = 0;

beforeAll(async () => {
  // Outside of the repository: what is packed finds no package there.
  folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  model = await writeTestModel(join(folder, 'model'));
  const predictor = await loadPredictor(model);
  expected = predictor.predict([{ tokens: Uint8Array.of(0, 6, 2) }])[0] ?? 0;
});

async function write(files: Iterable<readonly [string, Uint8Array]>, to: string): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(to, path)), { recursive: true });
    await writeFile(join(to, path), bytes);
  }
  return to;
}

describe('the function for Lambda', () => {
  it('runs by the runtime API with nothing beside it, and is the same bytes each time', async () => {
    const zip = await functionZip(model);
    expect((await functionZip(model)).hash).toBe(zip.hash);
    expect(zip.bytes.length).toBeLessThan(5e6);
    const root = await write(Object.entries(unzipSync(zip.bytes)), join(folder, 'function'));
    await using running = await runFunction({
      command: [process.execPath, client, 'run/function.handler'],
      folder: root,
      env: {},
    });
    const event = {
      version: '2.0',
      rawPath: '/predict',
      rawQueryString: 'session=view,add',
      requestContext: { http: { method: 'GET' } },
    };
    const { payload, hasFailed } = await running.invoke(event);
    const { statusCode, body } = payload as { readonly statusCode: number; readonly body: string };
    expect([hasFailed, statusCode, (JSON.parse(body) as { prediction: number }).prediction]).toEqual([
      false,
      200,
      expected,
    ]);
    expect(await running.invoke({ session: 'buy' })).toMatchObject({
      hasFailed: true,
      payload: { errorType: 'UNKNOWN_ACTION' },
    });
    expect(await running.invoke({ session: 'view,add' })).toMatchObject({ payload: { prediction: expected } });
    expect(running.said()).toContain('"kind":"prediction"');
  });

  it('says why it cannot start', async () => {
    const root = await write(Object.entries(unzipSync((await functionZip()).bytes)), join(folder, 'empty'));
    await using running = await runFunction({
      command: [process.execPath, client, 'run/function.handler'],
      folder: root,
      env: {},
    });
    await expect(running.invoke({ session: 'add' })).rejects.toThrow('manifest.json');
  });
});

describe('the container for SageMaker', () => {
  it('runs with nothing beside it from what the archive of the model unpacks to', async () => {
    const files = await imageFiles('node:24-slim');
    const root = await write(files, join(folder, 'image'));
    const docker = new TextDecoder().decode(files.get('Dockerfile'));
    expect(docker).toContain('ENTRYPOINT ["node", "/opt/program/run/endpoint.js"]');
    const { bytes, version } = await packModel(model);
    expect([version, (await packModel(model)).bytes]).toEqual(['m-1', bytes]);
    const unpacked = join(folder, 'opt-ml-model');
    await unpackModel(bytes, unpacked);
    const main = join(root, 'program/run/endpoint.js');
    await using container = await startContainer([process.execPath, main, 'serve'], { SM_MODEL_DIR: unpacked });
    for (let isUp = false; !isUp;)
      isUp = await fetch(`${container.url}/ping`).then(
        (r) => r.ok,
        () => false,
      );
    const answer = await fetch(`${container.url}/invocations`, {
      method: 'POST',
      body: 'view,add',
      headers: { 'content-type': 'text/csv' },
    });
    expect(Number(await answer.text())).toBe(expected);
  });
});
