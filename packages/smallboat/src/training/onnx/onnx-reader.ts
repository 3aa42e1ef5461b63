import { defineErrors, messageOf } from '../../kernel/index.ts';
import type { Tensor } from './tensor.ts';
import { tensorOf } from './tensor.ts';

export const onnxErrors = defineErrors({
  ONNX_UNREADABLE: (f: { problem: string }) =>
    `This is not an ONNX model that can be read: ${f.problem}. Export it again, whole, with its weights inside and opset 11 to 21.`,
  ONNX_UNSUPPORTED: (f: { problem: string; known: string }) =>
    `This ONNX model cannot be run here: ${f.problem}. Known are ${f.known}. Export it without what is missing, or train it here.`,
});

/** One operation of a graph. */
export interface OnnxNode {
  readonly operator: string;
  /** Names of values; '' for an optional one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  readonly float?: number;
  readonly integer?: number;
  readonly text?: string;
  readonly tensor?: Tensor;
  readonly integers?: readonly number[];
  readonly floats?: readonly number[];
  readonly texts?: readonly string[];
}

/** An input or output: its sizes, where they are numbers. */
export interface OnnxValue {
  readonly name: string;
  readonly sizes: readonly (number | undefined)[];
}

/** The graph of a model, as data. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Without those that are constants. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** A field of a protobuf message: a number, or the bytes of all else. */
type Field = readonly [number: number, value: bigint | Uint8Array];

/**
 * Reads the graph of an ONNX file. Data only: nothing of it is run here.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the numbers of the fields.
 * @throws ONNX_UNREADABLE
 */
export function readOnnx(file: Uint8Array): OnnxGraph {
  try {
    const graph = one(fieldsOf(file), 7);
    if (graph === undefined) throw new Error('it has no graph');
    const fields = fieldsOf(graph);
    const constants = new Map(messages(fields, 5).map(readTensor));
    const inputs = messages(fields, 11)
      .map(readValue)
      .filter(({ name }) => !constants.has(name));
    const outputs = messages(fields, 12).map(readValue);
    if (inputs.length === 0 || outputs.length === 0) throw new Error('its graph has no input or no output');
    return { nodes: messages(fields, 1).map(readNode), constants, inputs, outputs };
  } catch (cause) {
    const problem = messageOf(cause);
    throw onnxErrors.ONNX_UNREADABLE({ problem }, { cause });
  }
}

function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new Error(`it ends, or is no protobuf, at byte ${at}`);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asIntN(64, value);
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = key >>> 3;
    const kind = key & 7;
    if (kind === 0) {
      fields.push([number, varint()]);
      continue;
    }
    const length = kind === 2 ? Number(varint()) : kind === 5 ? 4 : kind === 1 ? 8 : Number.NaN;
    if (!(length >= 0) || at + length > bytes.length)
      throw new Error(`field ${number} goes beyond the end of the file`);
    fields.push([number, bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}

function messages(fields: readonly Field[], number: number): readonly Uint8Array[] {
  return fields.flatMap(([n, value]) => (n === number && value instanceof Uint8Array ? [value] : []));
}

function one(fields: readonly Field[], number: number): Uint8Array | undefined {
  return messages(fields, number)[0];
}

function text(fields: readonly Field[], number: number): string {
  return new TextDecoder().decode(one(fields, number) ?? new Uint8Array());
}

/** Integers, one a field or packed in one. */
function integers(fields: readonly Field[], number: number): readonly number[] {
  return fields.flatMap(([n, value]) => {
    if (n !== number) return [];
    if (typeof value === 'bigint') return [Number(value)];
    // Packed: a list of varints, read as values of nameless fields would be.
    const list: number[] = [];
    let [shift, current] = [0n, 0n];
    for (const byte of value) {
      current |= BigInt(byte & 127) << shift;
      shift += 7n;
      if (byte < 128) {
        list.push(Number(BigInt.asIntN(64, current)));
        [shift, current] = [0n, 0n];
      }
    }
    return list;
  });
}

function readNode(bytes: Uint8Array): OnnxNode {
  const fields = fieldsOf(bytes);
  const names = (number: number): readonly string[] => messages(fields, number).map((b) => new TextDecoder().decode(b));
  const attributes = messages(fields, 5).map((attribute): readonly [string, OnnxAttribute] => {
    const own = fieldsOf(attribute);
    const tensor = one(own, 5);
    const float = one(own, 2);
    const integer = integers(own, 3)[0];
    const floats = messages(own, 7).flatMap((b) => Array.from(floatsOf(b)));
    return [
      text(own, 1),
      {
        ...(float === undefined ? {} : { float: floatsOf(float)[0] ?? 0 }),
        ...(integer === undefined ? {} : { integer }),
        ...(one(own, 4) === undefined ? {} : { text: text(own, 4) }),
        ...(tensor === undefined ? {} : { tensor: readTensor(tensor)[1] }),
        ...(integers(own, 8).length === 0 ? {} : { integers: integers(own, 8) }),
        ...(floats.length === 0 ? {} : { floats }),
        ...(messages(own, 9).length === 0 ? {} : { texts: messages(own, 9).map((b) => new TextDecoder().decode(b)) }),
      },
    ];
  });
  return { operator: text(fields, 4), inputs: names(1), outputs: names(2), attributes: new Map(attributes) };
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer, 0, Math.floor(bytes.length / 4));
}

/** Name and values of a tensor, of the kinds that models have: float, double, int32, int64, bool. */
function readTensor(bytes: Uint8Array): readonly [string, Tensor] {
  const fields = fieldsOf(bytes);
  const sizes = integers(fields, 1);
  const kind = integers(fields, 2)[0] ?? 0;
  const name = text(fields, 8);
  const count = sizes.reduce((product, n) => product * n, 1);
  if (integers(fields, 14).includes(1)) throw new Error(`tensor ${name} lies in a file beside the model`);
  const raw = one(fields, 9)?.slice().buffer;
  const values = ((): ArrayLike<number> => {
    switch (kind) {
      case 1:
        return raw === undefined ? messages(fields, 4).flatMap((b) => Array.from(floatsOf(b))) : new Float32Array(raw);
      case 11:
        return raw === undefined
          ? messages(fields, 10).flatMap((b) => Array.from(new Float64Array(b.slice().buffer)))
          : new Float64Array(raw);
      case 6:
        return raw === undefined ? integers(fields, 5) : new Int32Array(raw);
      case 7:
        return raw === undefined ? integers(fields, 7) : Array.from(new BigInt64Array(raw), Number);
      case 9:
        return raw === undefined ? integers(fields, 5) : new Uint8Array(raw);
      default:
        throw new Error(`tensor ${name} is of kind ${kind}, not of floats, whole numbers or booleans`);
    }
  })();
  if (values.length !== count) {
    throw new Error(`tensor ${name} has ${values.length} values for sizes [${sizes.join(', ')}]`);
  }
  return [name, tensorOf(sizes, Float64Array.from(values))];
}

function readValue(bytes: Uint8Array): OnnxValue {
  const fields = fieldsOf(bytes);
  const type = one(fields, 2);
  const tensor = type === undefined ? undefined : one(fieldsOf(type), 1);
  const shape = tensor === undefined ? undefined : one(fieldsOf(tensor), 2);
  const sizes = shape === undefined ? [] : messages(fieldsOf(shape), 1).map((b) => integers(fieldsOf(b), 1)[0]);
  return { name: text(fields, 1), sizes };
}
