import * as z from 'zod';

/** A tensor of single-precision floats. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Tensors as a safetensors file: the length of the header in 8 bytes, the header as JSON, the values (little-endian).
 * @see https://huggingface.co/docs/safetensors/index#format
 */
export function writeSafetensors(tensors: Readonly<Record<string, FloatTensor>>): Uint8Array {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const json = JSON.stringify(header);
  // Blanks up to a multiple of 8, so that the values are aligned.
  const text = new TextEncoder().encode(json.padEnd(Math.ceil(json.length / 8) * 8));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const { values } of Object.values(tensors)) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return file;
}

const Header = z.record(
  z.string(),
  z.object({
    dtype: z.literal('F32'),
    shape: z.array(z.int().nonnegative()),
    data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
  }),
);

/**
 * Reads tensors that are all single precision. Throws an `Error` that says what is wrong: the caller knows the file's
 * name and adds it.
 */
export function readSafetensors(file: Uint8Array): Readonly<Record<string, FloatTensor>> {
  if (file.length < 8) throw new Error('it is shorter than the 8 bytes that every safetensors file begins with');
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (length > file.length - 8) throw new Error(`its header is said to have ${length} bytes, more than the file`);
  const parsed: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const { __metadata__: _, ...entries } = parsed as Record<string, unknown>;
  const tensors: Record<string, FloatTensor> = {};
  for (const [name, { shape, data_offsets }] of Object.entries(Header.parse(entries))) {
    const [begin, end] = data_offsets;
    const size = shape.reduce((product, n) => product * n, 1);
    if (end - begin !== 4 * size || 8 + length + end > file.length) {
      throw new Error(`tensor ${name} of shape [${shape.join(', ')}] does not fit bytes ${begin} to ${end}`);
    }
    // Copied, so that the values are aligned; not by `slice`, which gives a view where the file is a Buffer.
    const values = new Float32Array(new Uint8Array(file.subarray(8 + length + begin, 8 + length + end)).buffer);
    tensors[name] = { shape, values };
  }
  return tensors;
}
