import { parentPort, workerData } from 'node:worker_threads';
import { SCORE_CHUNK, batchRunner, scoreStretch } from './batch-runner.ts';
import { networkKernel } from './kernel/network-kernel.ts';
import type { ThreadStart, ThreadTask } from './thread-protocol.ts';
import { CONTROL } from './thread-protocol.ts';
import { trieLoader } from './trie-loader.ts';

/**
 * One thread of a training. Threads take the parts of a batch as they come free; the last to finish takes the step, and
 * lets all go on. Which thread does what changes nothing: each part has its own gradients, and they are added in order.
 */
// Plain data that `threadedEngine` made for this very file.
const start = workerData as ThreadStart;
const { network, train, validation, validationOrder, settings, threads, control, scores, chunkLosses } = start;
const kernel = networkKernel(network.form, network);
const runner = batchRunner(kernel, train, settings);
const loader = trieLoader(validation, kernel);
const { parts } = settings;

/** Looks some microseconds for the sign before it sleeps: waking up takes longer than most waits. */
const SPINS = 4000;

/** Waits until all threads are here; the last one does what is to be done alone. */
function together(alone?: () => void): void {
  const generation = Atomics.load(control, CONTROL.generation);
  if (Atomics.add(control, CONTROL.arrived, 1) + 1 === threads) {
    alone?.();
    Atomics.store(control, CONTROL.arrived, 0);
    Atomics.store(control, CONTROL.next, 0);
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
    return;
  }
  for (let i = 0; i < SPINS; i++) if (Atomics.load(control, CONTROL.generation) !== generation) return;
  while (Atomics.load(control, CONTROL.generation) === generation) {
    Atomics.wait(control, CONTROL.generation, generation);
  }
}

function work(task: ThreadTask): void {
  if (task.kind === 'train') {
    const { stretch, losses } = task;
    for (let batch = stretch.from; batch < stretch.to; batch++) {
      for (
        let part = Atomics.add(control, CONTROL.next, 1);
        part < parts;
        part = Atomics.add(control, CONTROL.next, 1)
      ) {
        losses[(batch - stretch.from) * parts + part] = runner.part(stretch, batch, part);
      }
      together(() => runner.step(stretch, batch));
    }
    return;
  }
  const chunks = chunkLosses.length;
  const { labels } = validation;
  for (
    let chunk = Atomics.add(control, CONTROL.next, 1);
    chunk < chunks;
    chunk = Atomics.add(control, CONTROL.next, 1)
  ) {
    const examples = validationOrder.subarray(chunk * SCORE_CHUNK, (chunk + 1) * SCORE_CHUNK);
    chunkLosses[chunk] = scoreStretch(loader, kernel, examples, { scores, labels });
  }
  together();
}

parentPort?.on('message', (task: ThreadTask) => {
  work(task);
  parentPort?.postMessage('done', []);
});
parentPort?.postMessage('ready', []);
