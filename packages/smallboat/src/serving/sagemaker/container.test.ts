import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { writeTestModel } from '../testing/test-model.ts';
import type { RunningContainer } from './conformance.ts';
import { sagemakerConformance } from './conformance.ts';
import { containerErrors, containerSettings } from './container-settings.ts';
import { startContainer } from '../testing/start-container.ts';

const main = fileURLToPath(new URL('./container-main.ts', import.meta.url));
let model = '';

beforeAll(async () => {
  model = await writeTestModel(join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'model'));
});

const start = (): Promise<RunningContainer> =>
  startContainer([process.execPath, main, 'serve'], { SM_MODEL_DIR: model });

sagemakerConformance({ name: 'The program', start, payloadBytes: 1_000_000 });

it('says what is wrong and ends with 1', async () => {
  const run = async (argument: string, env: Record<string, string>): Promise<[unknown, string]> => {
    const child = spawn(process.execPath, [main, argument], { env: { ...process.env, ...env } });
    let said = '';
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return [code, said];
  };
  const all = await Promise.all([run('train', {}), run('serve', { SM_MODEL_DIR: '/nowhere' })]);
  expect(all).toEqual([
    [1, expect.stringContaining("knows only 'serve'")],
    [1, expect.stringContaining('/nowhere')],
  ]);
});

it('reads its settings from the environment', () => {
  expect(containerSettings({ SAGEMAKER_BIND_TO_PORT: '8081', SM_MODEL_DIR: '' })).toMatchObject({
    port: 8081,
    modelFolder: '/opt/ml/model',
    bodyBytes: 6 << 20,
  });
  expect(() => containerSettings({ SMALLBOAT_BODY_BYTES: 'many' })).toThrow(
    expect.objectContaining({ code: containerErrors.CONTAINER_SETTING_INVALID.code }),
  );
});
