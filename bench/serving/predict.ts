/**
 * Requests a second and latency of `GET /predict`, 32 connections, client and server on the same machine:
 *
 *     node bench/serving/predict.ts [seconds = 5] [rounds = 3] [--peer]
 *
 * With --peer also FastAPI on uvicorn with onnxruntime (bench/peers/serve.py), the same ONNX file, rounds taken in turn.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../../interop/python.ts';
import { TOKENS } from '../../packages/smallboat/src/features/index.ts';
import { startEndpoint } from '../../packages/smallboat/src/serving/index.ts';
import { initialWeights, writeModel } from '../../packages/smallboat/src/training/index.ts';
import { load } from './load.ts';

const SESSION = 'view,view,detail,view,detail,add,view,detail,add,remove';
const numbers = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const seconds = Number(numbers[0] ?? 5);
const rounds = Number(numbers[1] ?? 3);
const connections = 32;
const folder = await mkdtemp(join(tmpdir(), 'smallboat-'));

async function startPeer(modelFolder: string): Promise<{ url: string; process: ChildProcess }> {
  const bin = pythonEnv('serving');
  const script = fileURLToPath(new URL('../peers/serve.py', import.meta.url));
  const child = spawn(join(bin, 'python'), [script, join(modelFolder, 'model.onnx')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: line.toString().trim(), process: child };
}

async function untilUp(url: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const isUp = await fetch(`${url}/ping`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not come up.`);
}

try {
  const modelFolder = join(folder, 'model');
  await writeModel(modelFolder, {
    name: 'intent',
    version: 'bench',
    weights: initialWeights(48, 1),
    hyper: { units: 48, learningRate: 0.001, batchSize: 128, epochs: 1, patience: 1, seed: 1 },
    vocabulary: TOKENS,
    metrics: {},
    lineage: { run: 'bench', dataSnapshot: 'none', codeHash: 'none' },
  });
  await using plain = await startEndpoint({ modelFolder });
  await using logged = await startEndpoint({ modelFolder, logFolder: join(folder, 'log') });
  const peer = process.argv.includes('--peer') ? await startPeer(modelFolder) : undefined;
  const servers = [
    { name: 'smallboat', url: plain.url },
    { name: 'smallboat, with prediction log', url: logged.url },
    ...(peer === undefined ? [] : [{ name: 'FastAPI, uvicorn, onnxruntime', url: peer.url }]),
  ];
  console.log(
    `GET /predict?session=${SESSION}, ${connections} connections, ${seconds} s, ${rounds} rounds, ${availableParallelism()} cores, Node ${process.version}`,
  );
  try {
    for (const { url } of servers) {
      await untilUp(url);
      const [answer] = await Promise.all([
        fetch(`${url}/predict?session=${SESSION}`),
        load(`${url}/predict?session=${SESSION}`, { connections, seconds: 1 }),
      ]);
      console.log(`${url} answers ${await answer.text()}`);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const { name, url } of servers) {
        const { requestsPerSecond, p50, p99, answers, refused } = await load(`${url}/predict?session=${SESSION}`, {
          connections,
          seconds,
        });
        const figures = [
          `${Math.round(requestsPerSecond)} requests/s`,
          `p50 ${p50.toFixed(2)} ms`,
          `p99 ${p99.toFixed(2)} ms`,
        ];
        console.log(`round ${round} · ${name}: ${figures.join(', ')} (${answers} answers, ${refused} not 2xx)`);
      }
    }
  } finally {
    peer?.process.kill();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
