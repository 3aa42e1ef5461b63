import { performance } from 'node:perf_hooks';
import { nodePackages } from './node-packages.ts';

/** A session as a model takes it: tokens, and the bytes of its features but for the first token's, a row a token. */
export interface OnnxInput {
  readonly tokens: Uint8Array;
  readonly rows?: Uint8Array;
}

/** Of onnxruntime-node, what is used here. */
interface Runtime {
  readonly Tensor: new (type: string, values: BigInt64Array | Int32Array, shape: readonly number[]) => object;
  readonly InferenceSession: {
    create(
      file: string,
      options: object,
    ): Promise<{
      run(inputs: Readonly<Record<string, object>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
    }>;
  };
}

export interface OnnxAnswers {
  /** Probabilities, one a session. */
  readonly answers: readonly number[];
  /** Microseconds of each call. */
  readonly times: readonly number[];
}

/** Asks onnxruntime, in this process and on one thread, about sessions one by one. Its install script fetches CUDA alone, and is not run. */
export async function onnxruntimeNode(file: string, sessions: readonly OnnxInput[], width = 0): Promise<OnnxAnswers> {
  const { Tensor, InferenceSession } = nodePackages('onnxruntime-node@1.30.0')('onnxruntime-node') as Runtime;
  const run = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const answers: number[] = [];
  const times: number[] = [];
  for (const { tokens, rows = new Uint8Array(0) } of sessions) {
    const { length } = tokens;
    const context = new BigInt64Array(length * width);
    rows.forEach((byte, i) => (context[width + i] = BigInt(byte)));
    const inputs = {
      tokens: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, length]),
      lengths: new Tensor('int32', Int32Array.of(length), [1]),
      ...(width === 0 ? {} : { context: new Tensor('int64', context, [1, length, width]) }),
    };
    const began = performance.now();
    const { probability } = await run.run(inputs);
    times.push((performance.now() - began) * 1000);
    answers.push(probability?.data[0] ?? Number.NaN);
  }
  return { answers, times };
}
