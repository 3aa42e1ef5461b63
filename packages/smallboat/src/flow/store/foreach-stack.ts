import { PickleWriter } from './pickle-writer.ts';
import type { ForeachFrame } from './run-store.ts';

/**
 * The pickle of Metaflow's hidden artifact `_foreach_stack`: a list of its class `ForeachFrame(step, var, num_splits, index, value)`, which
 * its client asks for a task's index. The one artifact that is not plain data; Metaflow puts the class into `__main__` of whoever imports it.
 */
export function foreachStack(frames: readonly ForeachFrame[]): Uint8Array {
  const to = new PickleWriter();
  to.op(']');
  to.memoize();
  to.op('(');
  for (const { step, variable, count, index } of frames) {
    to.global('__main__', 'ForeachFrame');
    to.op('(');
    to.text(step);
    to.text(variable);
    to.integer(count);
    to.integer(index);
    // None, a tuple of what is there since the mark, and an object of the class with it as arguments.
    to.op('Nt\x81');
  }
  to.op('e');
  return Buffer.concat(to.finish());
}

/**
 * The pickle of a short text, byte for byte as Python writes it: Metaflow keeps the flow's name in every task under `name`, and it is known
 * by its key.
 */
export function pythonText(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  const [long, length] = [bytes.length > 255, Buffer.alloc(bytes.length > 255 ? 4 : 1)];
  if (long) length.writeUInt32LE(bytes.length);
  else length.writeUInt8(bytes.length);
  const body = Buffer.concat([Buffer.of(long ? 0x58 : 0x8c), length, bytes, Buffer.from('\x94.', 'latin1')]);
  const frame = Buffer.alloc(8);
  frame.writeBigUInt64LE(BigInt(body.length));
  return Buffer.concat([Buffer.of(0x80, 4, 0x95), frame, body]);
}

/** Metaflow's fact `foreach-execution-path`: `fit:1,fold:0`. Its client finds the parents and children of a task by it. */
export function foreachPath(frames: readonly ForeachFrame[]): string {
  return frames.map(({ step, index }) => `${step}:${index}`).join(',');
}
