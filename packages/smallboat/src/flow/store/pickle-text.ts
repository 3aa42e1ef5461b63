/**
 * Writes UTF-8 to `target` from `at` on, with lone surrogates as three bytes each: what Python calls `surrogatepass`, and pickle uses.
 * Returns how many bytes it wrote, at most 3 a UTF-16 unit.
 */
export function writeUtf8(text: string, target: Uint8Array, at: number): number {
  let to = at;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x80) target[to++] = code;
    else if (code < 0x800) {
      target[to++] = 0xc0 | (code >> 6);
      target[to++] = 0x80 | (code & 63);
    } else {
      const whole = text.codePointAt(i) ?? 0;
      if (whole > 0xffff) {
        i += 1;
        target[to++] = 0xf0 | (whole >> 18);
        target[to++] = 0x80 | ((whole >> 12) & 63);
      } else target[to++] = 0xe0 | (whole >> 12);
      target[to++] = 0x80 | ((whole >> 6) & 63);
      target[to++] = 0x80 | (whole & 63);
    }
  }
  return to - at;
}

/** A text's UTF-8, as `writeUtf8` has it. */
export function utf8Of(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text);
  const bytes = Buffer.allocUnsafe(3 * text.length);
  return bytes.subarray(0, writeUtf8(text, bytes, 0));
}

/** The text of UTF-8, in which surrogates may be three bytes each. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  return text.includes('\ufffd') ? withSurrogates(bytes.subarray(from, to)) : text;
}

function withSurrogates(bytes: Buffer): string {
  let result = '';
  let from = 0;
  for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
    const second = bytes[at + 1] ?? 0;
    if (second < 0xa0) continue;
    const code = 0xd000 | ((second & 63) << 6) | ((bytes[at + 2] ?? 0) & 63);
    result += bytes.toString('utf8', from, at) + String.fromCharCode(code);
    from = at + 3;
  }
  return result + bytes.toString('utf8', from);
}
