import { messageOf } from '../../kernel/index.ts';
import { VOCABULARY_SIZE } from '../../features/index.ts';
import { onnxProgram } from './onnx-program.ts';
import type { OnnxGraph } from './onnx-reader.ts';
import { onnxErrors, readOnnx } from './onnx-reader.ts';
import type { Tensor } from './tensor.ts';
import { tensorOf } from './tensor.ts';

/** How a model that was made elsewhere takes a session. Plain data, kept in the manifest. */
export interface ForeignInput {
  /** Name of the input for the session: whole numbers `[1, length]`, or one-hot rows `[1, length, 7 or more]`. */
  readonly input: string;
  readonly kind: 'tokens' | 'one-hot';
  /** Columns of a one-hot row. */
  readonly width: number;
  /** Name of the input for its length `[1]`, if the model has one. */
  readonly lengths?: string;
  readonly output: string;
  /** Whether the output is a probability, or the logit of one. */
  readonly gives: 'probability' | 'logit';
}

/** A model that was made elsewhere. */
export interface ForeignModel {
  readonly how: ForeignInput;
  /** The probability for one sequence of tokens. */
  readonly predict: (tokens: Uint8Array) => number;
}

/**
 * A model from an ONNX file, as one that predicts sessions. Which input takes the session, and what the output is, is seen from the graph; it
 * is tried on one session at once, so that what does not fit shows here and not at the first request.
 *
 * @throws ONNX_UNREADABLE, ONNX_UNSUPPORTED
 */
export function foreignModel(file: Uint8Array, known?: ForeignInput): ForeignModel {
  const graph = readOnnx(file);
  const how = known ?? inputOf(graph);
  const program = onnxProgram(graph);
  const predict = (tokens: Uint8Array): number => {
    const { [how.output]: out } = program.run({
      [how.input]: sessionTensor(tokens, how),
      ...(how.lengths === undefined ? {} : { [how.lengths]: tensorOf([1], Float64Array.of(tokens.length)) }),
    });
    const value = out?.values.at(-1) ?? Number.NaN;
    return how.gives === 'logit' ? 1 / (1 + Math.exp(-value)) : value;
  };
  const tried = attempt(() => predict(Uint8Array.of(0, 6, 5, 2)));
  if (typeof tried === 'string' || !(tried >= 0 && tried <= 1)) {
    const problem = typeof tried === 'string' ? tried : `it answers ${tried} for a session, which is no probability`;
    throw onnxErrors.ONNX_UNSUPPORTED({
      problem,
      known: 'models of one session: tokens or one-hot rows to a probability',
    });
  }
  return { how, predict };
}

function attempt(of: () => number): number | string {
  try {
    return of();
  } catch (error) {
    return messageOf(error);
  }
}

function sessionTensor(tokens: Uint8Array, { kind, width }: ForeignInput): Tensor {
  if (kind === 'tokens') return tensorOf([1, tokens.length], Float64Array.from(tokens));
  const rows = new Float64Array(tokens.length * width);
  for (const [i, token] of tokens.entries()) rows[i * width + token] = 1;
  return tensorOf([1, tokens.length, width], rows);
}

/** Which input is the session, by its sizes; whether the last operation makes a probability, by its name. */
function inputOf({ inputs, outputs, nodes }: OnnxGraph): ForeignInput {
  const session = inputs.find(({ sizes }) => sizes.length === 2 || sizes.length === 3);
  const lengths = inputs.find(({ name, sizes }) => name !== session?.name && sizes.length <= 1);
  const others = inputs.filter((one) => one !== session && one !== lengths);
  const width = session?.sizes[2] ?? VOCABULARY_SIZE;
  if (session === undefined || others.length > 0 || width < VOCABULARY_SIZE) {
    const shapes = inputs.map(({ name, sizes }) => `${name} [${sizes.map((n) => n ?? '?').join(', ')}]`).join(', ');
    throw onnxErrors.ONNX_UNSUPPORTED({
      problem: `its inputs are ${shapes}`,
      known: `one of tokens [batch, length] or of rows [batch, length, ${VOCABULARY_SIZE} or more], and one of lengths [batch]`,
    });
  }
  const output = outputs[0]?.name ?? '';
  return {
    input: session.name,
    kind: session.sizes.length === 2 ? 'tokens' : 'one-hot',
    width,
    ...(lengths === undefined ? {} : { lengths: lengths.name }),
    output,
    gives: makesProbability(output, nodes) ? 'probability' : 'logit',
  };
}

/** Goes back over what only moves values about. */
function makesProbability(output: string, nodes: OnnxGraph['nodes']): boolean {
  const moving = ['Squeeze', 'Unsqueeze', 'Reshape', 'Flatten', 'Identity', 'Gather', 'Cast', 'Slice', 'Transpose'];
  let name = output;
  for (;;) {
    const maker = nodes.find(({ outputs }) => outputs.includes(name));
    if (maker === undefined) return false;
    if (!moving.includes(maker.operator)) return maker.operator === 'Sigmoid' || maker.operator === 'Softmax';
    name = maker.inputs[0] ?? '';
  }
}
