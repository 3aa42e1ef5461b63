import { arrowFile } from './arrow-table.ts';
import { dtypeOf, HOST_ORDER } from './nd-array.ts';
import type { NdArray, NumericArray } from './nd-array.ts';
import { writeNote } from './pickle-notes.ts';
import type { PickleWriter } from './pickle-writer.ts';
import { type Refusal, refusalOfDate, refusalOfTable } from './refusal.ts';
import type { ValueKind } from './value-kind.ts';

/** The kinds of objects that hold no other values. */
export type LeafKind = Exclude<ValueKind, 'list' | 'record' | 'bare' | 'map' | 'set'>;

/** Writes an object that holds no other values, of the kind that `kindOf` gives it; or says why it cannot be. */
export function writeLeaf(out: PickleWriter, value: object, kind: LeafKind): Refusal | undefined {
  if (kind === 'date') {
    const refusal = refusalOfDate(value as Date);
    if (refusal === undefined) writeDate(out, value as Date);
    return refusal;
  }
  if (kind === 'table') {
    const file = arrowFile(value);
    if (file === undefined) return refusalOfTable;
    writeArrow(out, file);
    writeNote(out, 'arrow');
    return undefined;
  }
  writeBinary(out, value, kind);
  return undefined;
}

function writeBinary(out: PickleWriter, value: object, kind: Exclude<LeafKind, 'date' | 'table'>): void {
  // The kind says what each is.
  switch (kind) {
    case 'bytes':
      out.bytes(value as Uint8Array);
      break;
    case 'buffer':
      out.bytes(value as Uint8Array);
      writeNote(out, 'buffer');
      break;
    case 'arrayBuffer':
      out.bytes(new Uint8Array(value as ArrayBuffer));
      writeNote(out, 'arrayBuffer');
      break;
    case 'dataView':
      out.bytes(bytesOf(value as DataView));
      writeNote(out, 'dataView');
      break;
    case 'numbers':
      writeNumbers(out, value as NumericArray, [(value as NumericArray).length]);
      break;
    case 'clamped':
      writeNumbers(out, value as Uint8ClampedArray, [(value as Uint8ClampedArray).length]);
      writeNote(out, 'clamped');
      break;
    case 'ndArray': {
      const { data, shape } = value as NdArray;
      writeNumbers(out, data, shape);
      if (shape.length === 1) writeNote(out, 'ndArray');
    }
  }
}

/** `datetime(bytes, timezone.utc)`. */
function writeDate(out: PickleWriter, date: Date): void {
  const year = date.getUTCFullYear();
  const micro = date.getUTCMilliseconds() * 1000;
  out.global('datetime', 'datetime');
  out.bytes(
    Uint8Array.of(
      year >> 8,
      year & 255,
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
      micro >> 16,
      (micro >> 8) & 255,
      micro & 255,
    ),
  );
  if (!out.recall('utc')) {
    out.global('datetime', 'timezone');
    out.global('datetime', 'timedelta');
    out.integer(0);
    // timezone(timedelta(0))
    out.op('\x85R\x85R');
    out.remember('utc');
  }
  out.op('\x86R');
}

/**
 * The call and the state by which numpy pickles an array; `numpy.core` is a name that numpy 1 and 2 both know. The numbers are not copied.
 *
 * @param shape Sizes of the dimensions, the last running fastest.
 */
function writeNumbers(out: PickleWriter, data: NumericArray | Uint8ClampedArray, shape: readonly number[]): void {
  const dtype = dtypeOf(data) ?? 'u1';
  out.global('numpy.core.multiarray', '_reconstruct');
  out.global('numpy', 'ndarray');
  out.integer(0);
  out.op('\x85');
  out.bytes(Uint8Array.of(0x62));
  out.op('\x87R(');
  out.integer(1);
  out.op('(');
  for (const size of shape) out.integer(size);
  out.op('t');
  writeDtype(out, dtype);
  out.op('\x89');
  out.bytes(bytesOf(data));
  out.op('tb');
}

function writeDtype(out: PickleWriter, dtype: string): void {
  if (out.recall(`dtype ${dtype}`)) return;
  out.global('numpy', 'dtype');
  out.text(dtype);
  out.op('\x89\x88\x87R');
  out.remember(`dtype ${dtype}`);
  out.op('(');
  out.integer(3);
  out.text(dtype.endsWith('1') ? '|' : HOST_ORDER);
  out.op('NNN');
  out.integer(-1);
  out.integer(-1);
  out.integer(0);
  out.op('tb');
}

/** What the user of an artifact gets where Python has no pyarrow. */
const HINT =
  "An Arrow table, as an Arrow IPC file. Install pyarrow and load it again, or read it with pyarrow.ipc.open_file(value['arrow']).read_all().";

/**
 * An Arrow IPC file as what is a `pyarrow.Table` in a Python that has pyarrow, and a dict of the file's bytes and a hint in one that has not,
 * by the standard library alone:
 *
 *     next(map(methodcaller('read_all'), map(methodcaller('__call__', file), filter(None, (locate('pyarrow.ipc.open_file'),)))), {'arrow': file, 'hint': '…'})
 *
 * `locate` gives None where there is no pyarrow; then nothing is left to map, and `next` gives its second argument.
 */
function writeArrow(out: PickleWriter, file: Uint8Array): void {
  out.global('builtins', 'next');
  out.global('builtins', 'map');
  out.global('operator', 'methodcaller');
  out.text('read_all');
  out.op('\x85R');
  out.global('builtins', 'map');
  out.global('operator', 'methodcaller');
  out.text('__call__');
  out.bytes(file);
  const memo = out.memoize();
  out.op('\x86R');
  out.global('builtins', 'filter');
  out.op('N');
  out.global('pydoc', 'locate');
  out.text('pyarrow.ipc.open_file');
  // locate(…), (…,), filter(None, …), map(…, …), map(…, …)
  out.op('\x85R\x85\x86R\x86R\x86R}(');
  out.text('arrow');
  out.get(memo);
  out.text('hint');
  out.text(HINT);
  out.op('u\x86R');
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
