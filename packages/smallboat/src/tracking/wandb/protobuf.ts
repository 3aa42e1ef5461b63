/**
 * As much of protobuf's wire format as W&B's records need: varints, texts, messages.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */

/** A field that holds a whole number or a truth value. */
export function numberField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A field that holds a message, made of its fields. */
export function messageField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint(field * 8 + 2), varint(length), ...parts]);
}

export function textField(field: number, text: string): Uint8Array {
  return messageField(field, Buffer.from(text, 'utf8'));
}

/** `google.protobuf.Timestamp` from milliseconds since 1970. */
export function timeField(field: number, at: number): Uint8Array {
  const seconds = Math.floor(at / 1000);
  return messageField(field, numberField(1, seconds), numberField(2, Math.round((at - seconds * 1000) * 1e6)));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Negative numbers are written as 64 bits in two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low + 128);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
