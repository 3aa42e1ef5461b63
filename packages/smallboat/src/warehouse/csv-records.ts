import type { Readable } from 'node:stream';

/** A row of CSV. */
export interface CsvRecord {
  /** Where it begins in the file, from 1: a quoted field may run over several lines. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Whether a field has no character, not even quotes. */
  readonly isMissing: readonly boolean[];
  /** As it stands in the file, without the line break at its end. */
  readonly text: string;
  /** A quote is opened and not closed before the file ends. */
  readonly isOpen: boolean;
  /** The bytes are no UTF-8; `text` has replacement characters then. */
  readonly isNotUtf8: boolean;
}

/** Reads CSV row by row: commas, `"` with `""` inside, `\n` or `\r\n`. For where a row has to be looked at; loading is not done so. */
export async function* recordsOf(bytes: Readable): AsyncGenerator<CsvRecord> {
  let line = 0;
  let begun: Buffer[] = [];
  let begunAt = 0;
  let quotes = 0;
  for await (const text of linesOf(bytes)) {
    line++;
    if (begun.length === 0) begunAt = line;
    begun.push(text);
    quotes += count(text, 0x22);
    if (quotes % 2 === 1) continue;
    yield record(begun, begunAt, false);
    begun = [];
    quotes = 0;
  }
  if (begun.length > 0) yield record(begun, begunAt, true);
}

function count(bytes: Buffer, byte: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at !== -1; at = bytes.indexOf(byte, at + 1)) found++;
  return found;
}

const LINE = Buffer.from('\n');

function record(lines: readonly Buffer[], line: number, isOpen: boolean): CsvRecord {
  const [first] = lines;
  const bytes =
    lines.length === 1 && first !== undefined
      ? first
      : Buffer.concat(lines.flatMap((one, i) => (i === 0 ? [one] : [LINE, one])));
  const whole = bytes.toString('utf8');
  const text = whole.endsWith('\r') ? whole.slice(0, -1) : whole;
  return {
    line,
    ...fieldsOf(text),
    text,
    isOpen,
    isNotUtf8: whole.includes('\uFFFD') && !bytes.equals(Buffer.from(whole)),
  };
}

function fieldsOf(text: string): { readonly fields: readonly string[]; readonly isMissing: readonly boolean[] } {
  if (!text.includes('"')) {
    const fields = text.split(',');
    return { fields, isMissing: fields.map((field) => field === '') };
  }
  const fields: string[] = [];
  const isMissing: boolean[] = [];
  for (let at = 0; at <= text.length;) {
    const isQuoted = text[at] === '"';
    let end = isQuoted ? closingQuote(text, at) + 1 : at;
    end = text.indexOf(',', end);
    if (end === -1) end = text.length;
    const field = text.slice(at, end);
    fields.push(isQuoted ? field.slice(1, -1).replaceAll('""', '"') : field);
    isMissing.push(field === '');
    at = end + 1;
  }
  return { fields, isMissing };
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return text.length - 1;
}

/** Lines without their `\n`, as bytes. */
export async function* linesOf(bytes: Readable): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of bytes) {
    const chunk = rest.length === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]); // no encoding is set
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      yield chunk.subarray(from, end);
      from = end + 1;
    }
    rest = chunk.subarray(from);
  }
  if (rest.length > 0) yield rest;
}
