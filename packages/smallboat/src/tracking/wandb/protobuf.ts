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
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  const bytes: number[] = [];
  if (value >= 0) {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
    return Uint8Array.from(bytes);
  }
  // Negative numbers are written as 64 bits in two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
