/** One field of a protobuf message, already encoded. */
export type ProtobufField = Uint8Array;

/** A whole number, at least 0, as a varint. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  while (left > 127) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return bytes;
}

/** A field of type int32, int64 or enum with a value of at least 0. */
export function intField(number: number, value: number): ProtobufField {
  return Uint8Array.from([...varint(number * 8), ...varint(value)]);
}

/** A field of type bytes. */
export function bytesField(number: number, content: Uint8Array): ProtobufField {
  return concat([Uint8Array.from([...varint(number * 8 + 2), ...varint(content.length)]), content]);
}

/** A field of type string. */
export function textField(number: number, text: string): ProtobufField {
  return bytesField(number, new TextEncoder().encode(text));
}

/** A field that holds a message; `fields` are the message's own. */
export function messageField(number: number, fields: readonly ProtobufField[]): ProtobufField {
  return bytesField(number, message(fields));
}

/**
 * A message as it lies in a file: its fields one after the other.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function message(fields: readonly ProtobufField[]): Uint8Array {
  return concat(fields);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
