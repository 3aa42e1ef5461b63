import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel } from '../model/load-model.ts';
import { onnxModel } from '../model/onnx.ts';
import { initialNetwork } from '../network-weights.ts';
import { importOnnx } from './import-onnx.ts';
import { foreignModel } from './foreign-model.ts';
import { readOnnx } from './onnx-reader.ts';
import { OPERATIONS } from './operators.ts';
import { tensorOf } from './tensor.ts';

const folderOf = async (): Promise<string> => join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'model');
const sessions = Array.from({ length: 20 }, (_, i) =>
  Uint8Array.from({ length: 1 + (i % 9) }, (_e, j) => (j === 0 ? 0 : (i * 5 + j * 3) % 7)),
);

describe.each(['lstm', 'gru'] as const)('an exported %s', (cell) => {
  const weights = initialNetwork({ cell, units: 12 }, 3, 3);
  const file = onnxModel(weights, 'intent');

  it('comes back as weights for the kernel', async () => {
    const folder = await folderOf();
    const manifest = await importOnnx(file, folder, { name: 'intent' });
    expect(manifest.architecture).toBe(`${cell}-dense-sigmoid`);
    const model = await loadModel(folder);
    for (const name of ['kernel', 'recurrentKernel', 'bias', 'denseKernel', 'denseBias'] as const) {
      expect(model.weights?.[name]).toEqual(weights[name]);
    }
  });

  it('is answered alike by its graph', async () => {
    const folder = await folderOf();
    await importOnnx(file, folder, { name: 'intent' });
    const model = await loadModel(folder);
    const foreign = foreignModel(file);
    for (const [i, score] of model.predict(sessions).entries()) {
      expect(foreign.predict(sessions[i] ?? new Uint8Array())).toBeCloseTo(score, 6);
    }
  });
});

it('keeps a model that takes no bytes away for itself', () => {
  const file = onnxModel(initialNetwork({ units: 4 }, 1), 'intent');
  for (const cut of [10, 100, file.length - 1]) {
    expect(() => foreignModel(file.subarray(0, cut))).toThrow(expect.objectContaining({ code: 'ONNX_UNREADABLE' }));
  }
  expect(() => foreignModel(new TextEncoder().encode('not a model at all'))).toThrow(
    expect.objectContaining({ code: 'ONNX_UNREADABLE' }),
  );
});

it('names the operations that it does not know', () => {
  const file = onnxModel(initialNetwork({ units: 4 }, 1), 'intent');
  // Sigmoid, where it stands for the operation: after the length of its name.
  const text = Buffer.from(file);
  const at = text.lastIndexOf(Buffer.from([0x22, 7, ...Buffer.from('Sigmoid')]));
  text.write('Sigmood', at + 2);
  expect(() => foreignModel(new Uint8Array(text))).toThrow(
    expect.objectContaining({ code: 'ONNX_UNSUPPORTED', message: expect.stringContaining('Sigmood') }),
  );
});

it('refuses a model with features of its own, which no session of tokens has', () => {
  const columns = [{ kind: 'category', name: 'page', size: 3 }] as const;
  const file = onnxModel(initialNetwork({ units: 4, columns }, 1), 'intent', columns);
  expect(() => foreignModel(file)).toThrow(expect.objectContaining({ code: 'ONNX_UNSUPPORTED' }));
  expect(readOnnx(file).inputs.map(({ name }) => name)).toEqual(['tokens', 'context', 'lengths']);
});

describe('operations', () => {
  const run = (
    operator: string,
    inputs: readonly (readonly [readonly number[], readonly number[]])[],
    attributes: Record<string, object> = {},
  ) => {
    const node = { operator, inputs: [], outputs: [], attributes: new Map(Object.entries(attributes)) };
    const [out] =
      OPERATIONS.get(operator)?.(
        node,
        inputs.map(([sizes, values]) => tensorOf(sizes, Float64Array.from(values))),
      ) ?? [];
    return [out?.sizes, Array.from(out?.values ?? [])];
  };

  it.each([
    [
      'Add',
      [
        [
          [2, 1],
          [1, 2],
        ],
        [[2], [10, 20]],
      ],
      {},
      [
        [2, 2],
        [11, 21, 12, 22],
      ],
    ],
    [
      'MatMul',
      [
        [
          [1, 2, 2],
          [1, 2, 3, 4],
        ],
        [
          [2, 1],
          [5, 6],
        ],
      ],
      {},
      [
        [1, 2, 1],
        [17, 39],
      ],
    ],
    [
      'Gather',
      [
        [
          [3, 2],
          [1, 2, 3, 4, 5, 6],
        ],
        [[2], [2, -3]],
      ],
      {},
      [
        [2, 2],
        [5, 6, 1, 2],
      ],
    ],
    [
      'Concat',
      [
        [
          [1, 2],
          [1, 2],
        ],
        [[1, 1], [3]],
      ],
      { axis: { integer: -1 } },
      [
        [1, 3],
        [1, 2, 3],
      ],
    ],
    [
      'Slice',
      [
        [[4], [1, 2, 3, 4]],
        [[1], [-1]],
        [[1], [-9]],
        [[1], [0]],
        [[1], [-2]],
      ],
      {},
      [[2], [4, 2]],
    ],
    [
      'Reshape',
      [
        [
          [2, 3],
          [1, 2, 3, 4, 5, 6],
        ],
        [[2], [0, -1]],
      ],
      {},
      [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
    ],
    [
      'Transpose',
      [
        [
          [2, 3],
          [1, 2, 3, 4, 5, 6],
        ],
      ],
      {},
      [
        [3, 2],
        [1, 4, 2, 5, 3, 6],
      ],
    ],
    [
      'ReduceMean',
      [
        [
          [2, 2],
          [1, 3, 5, 9],
        ],
      ],
      { axes: { integers: [1] }, keepdims: { integer: 0 } },
      [[2], [2, 7]],
    ],
    [
      'Where',
      [
        [[2], [1, 0]],
        [[2], [5, 6]],
        [[], [9]],
      ],
      {},
      [[2], [5, 9]],
    ],
    [
      'Gemm',
      [
        [
          [1, 2],
          [1, 2],
        ],
        [
          [1, 2],
          [3, 4],
        ],
        [[1], [0.5]],
      ],
      { transB: { integer: 1 } },
      [[1, 1], [11.5]],
    ],
    [
      'Softmax',
      [
        [
          [1, 2],
          [0, 0],
        ],
      ],
      {},
      [
        [1, 2],
        [0.5, 0.5],
      ],
    ],
    [
      'Unsqueeze',
      [
        [[2], [1, 2]],
        [[1], [0]],
      ],
      {},
      [
        [1, 2],
        [1, 2],
      ],
    ],
  ] as const)('%s', (operator, inputs, attributes, expected) => {
    expect(run(operator, inputs, attributes)).toEqual(expected);
  });
});
