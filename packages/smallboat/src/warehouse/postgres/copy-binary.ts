import type { Batch, ColumnVector, Values } from '../warehouse.ts';

/** How a value lies in PostgreSQL's binary COPY, and so what its column becomes. */
export type BinaryKind = 'boolean' | 'int2' | 'int4' | 'int8' | 'float4' | 'float8' | 'text';

export interface BinaryColumn {
  readonly name: string;
  readonly kind: BinaryKind;
  /** A one-dimensional array of such values. */
  readonly isList: boolean;
}

/** Rows of a batch; as many as DuckDB gives would be 2,048, each call costs more here. */
const BATCH = 8192;

/**
 * Reads PostgreSQL's binary COPY format (manual, "COPY", File Formats) as it comes in, into columns. Feed it bytes by
 * `push`; each call gives the batches that became full, `end` the rest. Rows are never objects.
 */
export function binaryReader(columns: readonly BinaryColumn[]): {
  push(bytes: Buffer): readonly Batch[];
  end(): Batch | undefined;
} {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  let builders = columns.map(builderOf);
  let rows = 0;
  const flush = (): Batch => {
    const batch = { length: rows, columns: builders.map((builder) => builder.take(rows)) };
    builders = columns.map(builderOf);
    rows = 0;
    return batch;
  };
  return {
    push(bytes) {
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const batches: Batch[] = [];
      let at = 0;
      if (!begun) {
        if (all.length < 19) {
          rest = all;
          return batches;
        }
        at = 19 + all.readInt32BE(15); // signature of 11 bytes, flags, and an extension that is skipped
        begun = true;
      }
      for (let end = endOfRow(all, at); end > 0; end = endOfRow(all, at)) {
        let field = at + 2;
        for (const builder of builders) {
          const size = all.readInt32BE(field);
          field += 4;
          if (size < 0) builder.missing(rows);
          else {
            builder.put(rows, all, field, size);
            field += size;
          }
        }
        at = end;
        if (++rows === BATCH) batches.push(flush());
      }
      rest = all.subarray(at);
      return batches;
    },
    end: () => (rows === 0 ? undefined : flush()),
  };
}

/** Where the row at `at` ends; 0 if not all of it is there, or it is the mark of the end (a count of -1). */
function endOfRow(bytes: Buffer, at: number): number {
  if (bytes.length < at + 2) return 0;
  const fields = bytes.readInt16BE(at);
  if (fields < 0) return 0;
  let field = at + 2;
  for (let i = 0; i < fields; i++) {
    if (bytes.length < field + 4) return 0;
    field += 4 + Math.max(0, bytes.readInt32BE(field));
  }
  return field <= bytes.length ? field : 0;
}

interface Builder {
  missing(row: number): void;
  put(row: number, bytes: Buffer, at: number, size: number): void;
  take(rows: number): ColumnVector;
}

function builderOf({ name, kind, isList }: BinaryColumn): Builder {
  return isList ? listBuilder(name, kind) : flatBuilder(name, kind);
}

function flatBuilder(name: string, kind: BinaryKind): Builder {
  const slots = valuesOf(kind, BATCH);
  const { values } = slots;
  let nulls: Uint8Array | undefined;
  return {
    missing(row) {
      nulls ??= new Uint8Array(BATCH);
      nulls[row] = 1;
      if (kind === 'text') slots.put(row, EMPTY, 0, 0);
    },
    put: (row, bytes, at, size) => slots.put(row, bytes, at, size),
    take: (rows) => ({
      name,
      values: Array.isArray(values) ? values : values.slice(0, rows),
      ...(nulls === undefined ? {} : { nulls: nulls.slice(0, rows) }),
    }),
  };
}

const EMPTY = Buffer.alloc(0);

interface Slots {
  readonly values: Exclude<Values, readonly string[]> | string[];
  put(row: number, bytes: Buffer, at: number, size: number): void;
}

function valuesOf(kind: BinaryKind, length: number): Slots {
  switch (kind) {
    case 'boolean': {
      const values = new Uint8Array(length);
      return { values, put: (row, bytes, at) => (values[row] = bytes[at] ?? 0) };
    }
    case 'int2': {
      const values = new Int32Array(length);
      return { values, put: (row, bytes, at) => (values[row] = bytes.readInt16BE(at)) };
    }
    case 'int4': {
      const values = new Int32Array(length);
      return { values, put: (row, bytes, at) => (values[row] = bytes.readInt32BE(at)) };
    }
    case 'int8': {
      const values = new BigInt64Array(length);
      const halves = new Int32Array(values.buffer); // twice as fast as readBigInt64BE
      return {
        values,
        put(row, bytes, at) {
          halves[row * 2 + 1] = bytes.readInt32BE(at);
          halves[row * 2] = bytes.readInt32BE(at + 4);
        },
      };
    }
    case 'float4': {
      const values = new Float64Array(length);
      return { values, put: (row, bytes, at) => (values[row] = bytes.readFloatBE(at)) };
    }
    case 'float8': {
      const values = new Float64Array(length);
      return { values, put: (row, bytes, at) => (values[row] = bytes.readDoubleBE(at)) };
    }
    case 'text':
    default: {
      const values: string[] = [];
      return { values, put: (row, bytes, at, size) => (values[row] = bytes.toString('utf8', at, at + size)) };
    }
  }
}

/** Items of all rows one after another. The array of a row: dimensions, flag, type, length, first index, items with their sizes. */
function listBuilder(name: string, kind: BinaryKind): Builder {
  const offsets = new Uint32Array(BATCH + 1);
  let nulls: Uint8Array | undefined;
  let slots = valuesOf(kind, BATCH);
  let count = 0;
  const grow = (needed: number): void => {
    if (Array.isArray(slots.values) || needed <= slots.values.length) return;
    const bigger = valuesOf(kind, Math.max(needed, slots.values.length * 2));
    (bigger.values as BigInt64Array).set(slots.values as BigInt64Array); // both are of one kind
    slots = bigger;
  };
  return {
    missing(row) {
      nulls ??= new Uint8Array(BATCH);
      nulls[row] = 1;
      offsets[row + 1] = count;
    },
    put(row, bytes, at) {
      const items = bytes.readInt32BE(at) === 0 ? 0 : bytes.readInt32BE(at + 12);
      grow(count + items);
      let field = at + 20;
      for (let i = 0; i < items; i++) {
        const size = bytes.readInt32BE(field);
        field += 4;
        if (size >= 0) slots.put(count, bytes, field, size);
        else if (Array.isArray(slots.values)) slots.values[count] = '';
        field += Math.max(0, size);
        count++;
      }
      offsets[row + 1] = count;
    },
    take: (rows) => ({
      name,
      values: Array.isArray(slots.values) ? slots.values : slots.values.slice(0, count),
      offsets: offsets.slice(0, rows + 1),
      ...(nulls === undefined ? {} : { nulls: nulls.slice(0, rows) }),
    }),
  };
}
