import { Worker } from 'node:worker_threads';
import { SCORE_CHUNK } from './batch-runner.ts';
import type { TrainingData } from './batch-runner.ts';
import type { Engine, EngineParts } from './engine.ts';
import { trainingErrors } from './hyper.ts';
import { sharingOrder } from './sequences.ts';
import type { ThreadStart, ThreadTask } from './thread-protocol.ts';
import { CONTROL } from './thread-protocol.ts';

type Shareable = Uint8Array | Uint32Array | Float32Array;

/** The array in memory that threads share: itself if it is there already. */
export function shared<A extends Shareable>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const buffer = new SharedArrayBuffer(array.byteLength);
  const Kind = array.constructor as new (buffer: SharedArrayBuffer) => A;
  const copy = new Kind(buffer);
  copy.set(array);
  return copy;
}

function sharedData({ tokens, offsets, labels, session, context }: TrainingData): TrainingData {
  return {
    tokens: shared(tokens),
    offsets: shared(offsets),
    labels: shared(labels),
    ...(session === undefined ? {} : { session: shared(session) }),
    ...(context === undefined
      ? {}
      : { context: { columns: context.columns, rows: shared(context.rows), first: shared(context.first) } }),
  };
}

/** Works in several threads over shared memory. Rejects with `TRAINING_WORKER_FAILED`. */
export async function threadedEngine(engine: EngineParts, threads: number): Promise<Engine> {
  const { kernel, train, validation, settings } = engine;
  const order = shared(sharingOrder(validation));
  const chunks = Math.ceil(order.length / SCORE_CHUNK);
  const start: ThreadStart = {
    network: kernel.network,
    train: sharedData(train),
    validation: sharedData(validation),
    validationOrder: order,
    settings,
    threads,
    control: new Int32Array(new SharedArrayBuffer(4 * CONTROL.length)),
    scores: new Float32Array(new SharedArrayBuffer(4 * order.length)),
    chunkLosses: new Float64Array(new SharedArrayBuffer(8 * chunks)),
  };
  let failure: Error | undefined;
  let waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  let left = threads;
  let isClosing = false;
  const fail = (problem: string, cause?: unknown): void => {
    failure ??= trainingErrors.TRAINING_WORKER_FAILED({ problem }, { cause });
    waiting?.reject(failure);
  };
  const all = (): Promise<void> => {
    left = threads;
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      if (failure !== undefined) reject(failure);
    });
  };
  const ready = all();
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./training-thread.ts', import.meta.url), {
      workerData: start,
      // What a thread makes beside the shared memory lasts a batch. Left alone it collects 16 MiB of that; with less it is as fast.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    worker.on('message', () => {
      if (--left === 0) waiting?.resolve();
    });
    worker.on('error', (error) => fail(error.message, error));
    worker.on('exit', (code) => {
      if (!isClosing) fail(`it ended with ${code}`);
    });
    return worker;
  });
  const close = async (): Promise<void> => {
    isClosing = true;
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  const run = async (task: ThreadTask): Promise<void> => {
    const done = all();
    for (const worker of workers) worker.postMessage(task, []);
    await done;
  };
  try {
    await ready;
  } catch (error) {
    await close();
    throw error;
  }
  return {
    stretch: 64,
    async train(stretch) {
      const { parts } = settings;
      const losses = new Float64Array(new SharedArrayBuffer(8 * (stretch.to - stretch.from) * parts));
      await run({ kind: 'train', stretch, losses });
      return Float64Array.from({ length: stretch.to - stretch.from }, (_, batch) => {
        let sum = 0;
        for (let part = 0; part < parts; part++) sum += losses[batch * parts + part] ?? 0;
        return sum;
      });
    },
    async validate() {
      await run({ kind: 'validate' });
      return { scores: start.scores.slice(), loss: start.chunkLosses.reduce((sum, loss) => sum + loss, 0) };
    },
    [Symbol.asyncDispose]: close,
  };
}
