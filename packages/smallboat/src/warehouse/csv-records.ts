import type { Readable } from 'node:stream';

/** A row of CSV. */
export interface CsvRecord {
  /** Where it begins in the file, from 1: a quoted field may run over several lines. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Whether a field has no character, not even quotes. */
  readonly isMissing: readonly boolean[];
  /** As it lies in the file, without the line break at its end. */
  readonly bytes: Buffer;
  /** What is wrong with the row as such. */
  readonly problem?: string;
}

/** Lines that a row may have: one that has more has lost a quote, and would swallow what comes after it. */
const MOST_LINES = 10_000;

/**
 * Reads CSV row by row: commas, `"` with `""` inside, `\n` or `\r\n`. For where a row has to be looked at; loading is not
 * done so. Where a quote is never closed, its line is one broken row, and reading goes on behind it.
 */
export async function* recordsOf(bytes: Readable): AsyncGenerator<CsvRecord> {
  const source = linesOf(bytes);
  let again: Buffer[] = [];
  let at = 0;
  const next = async (): Promise<Buffer | undefined> => {
    if (at < again.length) return again[at++];
    const { done, value } = await source.next();
    return done === true ? undefined : value;
  };
  let line = 1;
  let begun: Buffer[] = [];
  let isQuoted = false;
  for (;;) {
    const text = await next();
    if (text === undefined && begun.length === 0) return;
    if (text !== undefined) {
      begun.push(text);
      isQuoted = endsQuoted(text, isQuoted);
      if (isQuoted && begun.length < MOST_LINES) continue;
    }
    const whole = recordOf(begun, line, isQuoted);
    // Over several lines a broken row has swallowed others: only its first line is lost.
    const isLost = isQuoted || (whole.problem !== undefined && begun.length > 1);
    const rest = isLost ? begun.slice(1) : [];
    yield isLost ? recordOf(begun.slice(0, 1), line, true) : whole;
    line += isLost ? 1 : begun.length;
    if (rest.length > 0) {
      again = [...rest, ...again.slice(at)];
      at = 0;
    }
    begun = [];
    isQuoted = false;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;

/** Whether a quoted field is open at the end of a line. A quote opens one only as the first character of a field. */
function endsQuoted(line: Buffer, isOpen: boolean): boolean {
  if (!line.includes(QUOTE)) return isOpen;
  let isQuoted = isOpen;
  let isStart = !isOpen;
  for (let i = 0; i < line.length; i++) {
    const byte = line[i];
    if (isQuoted) {
      if (byte !== QUOTE) continue;
      if (line[i + 1] === QUOTE) i++;
      else isQuoted = false;
    } else {
      if (byte === QUOTE && isStart) isQuoted = true;
      isStart = byte === COMMA;
    }
  }
  return isQuoted;
}

const LINE = Buffer.from('\n');

function recordOf(lines: readonly Buffer[], line: number, isOpen: boolean): CsvRecord {
  const [first = Buffer.alloc(0)] = lines;
  const all = lines.length === 1 ? first : Buffer.concat(lines.flatMap((one, i) => (i === 0 ? [one] : [LINE, one])));
  const bytes = all.at(-1) === 0x0d ? all.subarray(0, -1) : all;
  const text = bytes.toString('utf8');
  if (isOpen) return { line, fields: [], isMissing: [], bytes, problem: 'a quote is opened and not closed' };
  const isBroken = text.includes('\uFFFD') && !bytes.equals(Buffer.from(text));
  return { line, bytes, ...fieldsOf(text), ...(isBroken ? { problem: 'it is not UTF-8' } : {}) };
}

function fieldsOf(text: string): Pick<CsvRecord, 'fields' | 'isMissing' | 'problem'> {
  if (!text.includes('"')) {
    const fields = text.split(',');
    return { fields, isMissing: fields.map((field) => field === '') };
  }
  const fields: string[] = [];
  const isMissing: boolean[] = [];
  let problem: string | undefined;
  for (let at = 0; at <= text.length;) {
    const isQuoted = text[at] === '"';
    const close = isQuoted ? closingQuote(text, at) : at - 1;
    let end = text.indexOf(',', close + 1);
    if (end === -1) end = text.length;
    if (isQuoted && end !== close + 1) problem = 'something stands behind a closing quote';
    const field = text.slice(at, end);
    fields.push(isQuoted ? text.slice(at + 1, close).replaceAll('""', '"') : field);
    isMissing.push(field === '');
    at = end + 1;
  }
  return { fields, isMissing, ...(problem === undefined ? {} : { problem }) };
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
