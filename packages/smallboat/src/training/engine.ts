import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RunSettings, Stretch, TrainingData } from './batch-runner.ts';
import { SCORE_CHUNK, batchRunner, scoreStretch } from './batch-runner.ts';
import type { NetworkKernel } from './kernel/network-kernel.ts';
import { sharingOrder } from './sequences.ts';
import { trieLoader } from './trie-loader.ts';

/** What works training out: this thread, or several. Whichever it is, the numbers are the same to the last bit. */
export interface Engine extends AsyncDisposable {
  /** Runs batches of an epoch. @returns the loss of each batch, summed over its examples. */
  train(stretch: Stretch): Promise<Float64Array>;
  /** The validation part's probabilities, and its loss, summed, in nats. */
  validate(): Promise<{ readonly scores: Float32Array; readonly loss: number }>;
  /** Batches that are a fitting stretch: some ten milliseconds of work. */
  readonly stretch: number;
}

export interface EngineParts {
  readonly kernel: NetworkKernel;
  readonly train: TrainingData;
  readonly validation: TrainingData;
  readonly settings: RunSettings;
}

/** Milliseconds of work after which the event loop gets its turn. */
const TURN_MS = 20;

/** Works in this thread, and leaves the event loop its turn. */
export function localEngine({ kernel, train, validation, settings }: EngineParts): Engine {
  const runner = batchRunner(kernel, train, settings);
  const loader = trieLoader(validation, kernel);
  const order = sharingOrder(validation);
  let turn = performance.now();
  const breathe = async (): Promise<void> => {
    if (performance.now() - turn <= TURN_MS) return;
    await nextTurn();
    turn = performance.now();
  };
  return {
    stretch: 16,
    async train(stretch) {
      const losses = new Float64Array(stretch.to - stretch.from);
      for (let batch = stretch.from; batch < stretch.to; batch++) {
        let loss = 0;
        for (let part = 0; part < settings.parts; part++) loss += runner.part(stretch, batch, part);
        runner.step(stretch, batch);
        losses[batch - stretch.from] = loss;
        await breathe();
      }
      return losses;
    },
    async validate() {
      const scores = new Float32Array(order.length);
      const { labels } = validation;
      let loss = 0;
      for (let from = 0; from < order.length; from += SCORE_CHUNK) {
        loss += scoreStretch(loader, kernel, order.subarray(from, from + SCORE_CHUNK), { scores, labels });
        await breathe();
      }
      return { scores, loss };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
