import type { LstmWeights, NetworkForm } from '../network-weights.ts';
import { GATES, inputLayout } from '../network-weights.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

/** Names as Keras gives them; the layer's own name is that of its kind. */
export function tensorsOf(weights: LstmWeights): Uint8Array {
  const { cell = 'lstm', units, kernel, recurrentKernel, bias, recurrentBias, denseKernel, denseBias } = weights;
  const width = GATES[cell] * units;
  return writeSafetensors({
    [`${cell}/kernel`]: { shape: [kernel.length / width, width], values: kernel },
    [`${cell}/recurrent_kernel`]: { shape: [units, width], values: recurrentKernel },
    [`${cell}/bias`]: { shape: [width], values: bias },
    ...(recurrentBias === undefined ? {} : { [`${cell}/recurrent_bias`]: { shape: [units], values: recurrentBias } }),
    'dense/kernel': { shape: [units, 1], values: denseKernel },
    'dense/bias': { shape: [1], values: denseBias },
  });
}

/** The way back. Throws an `Error` that says what is wrong: the caller knows the file's name and adds it. */
export function parseWeights(content: Uint8Array, { cell = 'lstm', units, columns }: NetworkForm): LstmWeights {
  const tensors = readSafetensors(content);
  const width = GATES[cell] * units;
  const tensor = (name: string, shape: readonly number[]): Float32Array => {
    const found = tensors[name];
    if (!found) throw new Error(`there is no tensor ${name}`);
    if (found.shape.join() !== shape.join()) {
      throw new Error(`tensor ${name} has shape [${found.shape.join(', ')}], and [${shape.join(', ')}] was expected`);
    }
    const odd = found.values.findIndex((value) => !Number.isFinite(value));
    if (odd !== -1) throw new Error(`value ${odd} of tensor ${name} is ${found.values[odd]}, not a number`);
    return found.values;
  };
  const weights = {
    units,
    kernel: tensor(`${cell}/kernel`, [inputLayout(columns).inputs, width]),
    recurrentKernel: tensor(`${cell}/recurrent_kernel`, [units, width]),
    bias: tensor(`${cell}/bias`, [width]),
    denseKernel: tensor('dense/kernel', [units, 1]),
    denseBias: tensor('dense/bias', [1]),
  };
  return cell === 'lstm' ? weights : { cell, ...weights, recurrentBias: tensor('gru/recurrent_bias', [units]) };
}
