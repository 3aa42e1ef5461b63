import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { TOKENS, encodeSession } from '../features/index.ts';
import { readLog } from '../monitoring/index.ts';
import { initialWeights, loadModel, writeModel } from '../training/index.ts';
import { loadPredictor } from './load-predictor.ts';
import { endpointErrors, startEndpoint } from './serve-process.ts';

let folder = '';
let modelFolder = '';

async function write(name: string, vocabulary: Readonly<Record<string, number>>): Promise<string> {
  const hyper = { units: 16, learningRate: 0.001, batchSize: 32, epochs: 1, patience: 1, seed: 1 };
  const lineage = { run: 'intent/1', dataSnapshot: 'none', codeHash: 'none' };
  const path = join(folder, name);
  await writeModel(path, {
    name: 'intent',
    version: 'm-4',
    weights: initialWeights(16, 1),
    hyper,
    vocabulary,
    metrics: {},
    lineage,
  });
  return path;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'smallboat-'));
  modelFolder = await write('model', TOKENS);
});

/** True while a process of that id runs. One that ended and was not yet buried by its parent does not. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(stat);
}

/** Resolves when no process of that id runs any more, or rejects after five seconds. */
async function untilGone(pid: number): Promise<void> {
  const end = Date.now() + 5000;
  while (await isRunning(pid)) {
    // A process that is not our child sends us no event: asking again is all there is.
    if (Date.now() > end) throw new Error(`Process ${pid} is still there.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('startEndpoint', () => {
  it('serves a model folder from a process of its own, logs, and is gone after stop', async () => {
    const logFolder = join(folder, 'log');
    const endpoint = await startEndpoint({ modelFolder, endpointName: 'intent-test', logFolder });
    const answer = (await (await fetch(`${endpoint.url}/predict?session=view,add`)).json()) as {
      id: string;
      prediction: number;
    };
    const model = await loadModel(modelFolder);
    expect(answer).toMatchObject({
      endpoint: 'intent-test',
      model: 'm-4',
      prediction: model.predict([encodeSession(['view', 'add'])])[0],
    });
    expect(endpoint.modelVersion).toBe('m-4');
    await endpoint.stop();
    await endpoint.stop();
    await untilGone(endpoint.pid);
    const entries = [];
    for await (const entry of readLog({ folder: logFolder })) entries.push(entry);
    expect(JSON.stringify(entries)).toContain(answer.id);
  });

  it('ends with the process that started it, also when that is killed', async () => {
    const module = fileURLToPath(new URL('./serve-process.ts', import.meta.url));
    const program = `
      const { startEndpoint } = await import(${JSON.stringify(module)});
      const { pid, url } = await startEndpoint(${JSON.stringify({ modelFolder })});
      console.log(JSON.stringify({ pid, url }));
      await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await Promise.race([once(parent.stdout, 'data'), once(parent, 'exit')])) as [Buffer];
    const { pid, url } = JSON.parse(line.toString()) as { pid: number; url: string };
    expect((await fetch(`${url}/ping`)).status).toBe(200);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await untilGone(pid);
  });

  it('says why the process could not start, and leaves none behind', async () => {
    await expect(startEndpoint({ modelFolder: join(folder, 'nothing') })).rejects.toMatchObject({
      code: endpointErrors.ENDPOINT_FAILED.code,
      facts: { code: 'MODEL_MISSING', problem: expect.stringContaining('nothing') },
    });
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startEndpoint({ modelFolder, port })).rejects.toMatchObject({ facts: { code: 'PORT_TAKEN' } });
    other.close();
  });

  it('refuses a model whose file was altered', async () => {
    const broken = await write('broken', TOKENS);
    const path = join(broken, 'weights.safetensors');
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    await writeFile(path, bytes);
    await expect(startEndpoint({ modelFolder: broken })).rejects.toMatchObject({ facts: { code: 'MODEL_CORRUPT' } });
  });

  it('gives up when it takes too long, and when it is told to', async () => {
    await expect(startEndpoint({ modelFolder, readySeconds: 0.001 })).rejects.toMatchObject({
      code: endpointErrors.ENDPOINT_NOT_READY.code,
      facts: { seconds: 0.001 },
    });
    const reason = new Error('enough');
    await expect(startEndpoint({ modelFolder, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const starting = startEndpoint({ modelFolder, signal: stop.signal });
    stop.abort(reason);
    await expect(starting).rejects.toBe(reason);
  });
});

it('refuses a model that was trained with other tokens', async () => {
  const other = await write('other', { ...TOKENS, add: 3, remove: 2 });
  await expect(loadPredictor(other)).rejects.toMatchObject({
    code: 'MODEL_VOCABULARY_DIFFERS',
    facts: { action: 'add', model: '3', ours: 2 },
  });
});
