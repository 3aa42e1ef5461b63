/** `ARROW1`, at both ends of a file. */
const MAGIC = Buffer.from('ARROW1');
/** Bytes of a `Block`, `FieldNode` and `Buffer` in the footer and the messages. */
const BLOCK = 24;
const NODE = 16;
/** Values that a column may have without a bit for each: nulls. */
const NULLS = 1 << 20;

/** What a message is. */
const DICTIONARY = 2;
const BATCH = 3;

/** The file is not what it should be. */
class Unsound extends Error {}

/**
 * Why an Arrow IPC file cannot be read, or undefined. The package that reads them trusts every count in a file; one that is
 * wrong keeps it busy for ever, or takes all memory. Here all of them are held against the bytes that there are.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format and the schemas in `format/*.fbs` there.
 */
export function problemOf(file: Uint8Array): string | undefined {
  try {
    checkFile(Buffer.from(file.buffer, file.byteOffset, file.byteLength));
    return undefined;
  } catch (error) {
    if (error instanceof Unsound) return error.message;
    // A place outside of the bytes, read by `Buffer` or `DataView`.
    if (error instanceof RangeError) return 'it ends too early';
    throw error;
  }
}

function checkFile(file: Buffer): void {
  const end = file.length - MAGIC.length - 4;
  const hasMagic = file.subarray(0, MAGIC.length).equals(MAGIC) && file.subarray(-MAGIC.length).equals(MAGIC);
  if (!hasMagic) throw new Unsound('it is no Arrow file');
  const flat = flatBuffer(file.subarray(end - file.readInt32LE(end), end));
  const footer = flat.root();
  const schema = flat.tableAt(flat.field(footer, 1));
  // Each takes four bytes at least, so that the same one listed over and over is noticed.
  const fields = { left: flat.size / 4 };
  for (const field of flat.tablesIn(flat.field(schema, 1))) checkField(flat, field, fields);
  const columns = flat.size / 4 - fields.left;
  for (const kind of [DICTIONARY, BATCH]) {
    // The fields of the footer come in the order of the kinds.
    const blocks = flat.vector(flat.field(footer, kind), BLOCK);
    for (let i = 0; i < blocks.length; i += 1) {
      checkBlock(file, { footer: flat.bytes, at: blocks.at + i * BLOCK }, { kind, columns });
    }
  }
}

function checkField(flat: FlatBuffer, field: number, count: { left: number }): void {
  count.left -= 1;
  if (count.left < 0) throw new Unsound('it has more columns than bytes for them');
  flat.vector(flat.field(field, 0), 1);
  flat.vector(flat.field(field, 6), 4);
  const UNION = 14;
  const type = flat.field(field, 2);
  if (type !== 0 && flat.bytes.readUInt8(type) === UNION) {
    flat.vector(flat.field(flat.tableAt(flat.field(field, 3)), 1), 4);
  }
  for (const child of flat.tablesIn(flat.field(field, 5))) checkField(flat, child, count);
}

interface Expected {
  readonly kind: number;
  /** Columns of the schema, with those inside others. */
  readonly columns: number;
}

/** A record batch, or a dictionary's, that a block of the footer points to. */
function checkBlock(file: Buffer, block: { readonly footer: Buffer; readonly at: number }, expected: Expected): void {
  const { footer, at } = block;
  const [offset, bodySize] = [Number(footer.readBigInt64LE(at)), Number(footer.readBigInt64LE(at + 16))];
  const size = footer.readInt32LE(at + 8);
  if (offset < 0 || size < 8 || bodySize < 0 || offset + size + bodySize > file.length)
    throw new Unsound('a batch lies outside of it');
  // The message says its size once more, after a mark that older files do not have.
  const prefix = file.readInt32LE(offset) === -1 ? 8 : 4;
  const said = file.readInt32LE(offset + prefix - 4);
  if (said < 8 || said + prefix > size) throw new Unsound('a batch is not of the size that it should be');
  const flat = flatBuffer(file.subarray(offset + prefix, offset + prefix + said));
  const message = flat.root();
  const [kind, body] = [flat.field(message, 1), flat.field(message, 3)];
  if (kind === 0 || flat.bytes.readUInt8(kind) !== expected.kind) throw new Unsound('a batch is none');
  if ((body === 0 ? 0 : Number(flat.bytes.readBigInt64LE(body))) !== bodySize)
    throw new Unsound('a batch is not of the size that it should be');
  const header = flat.tableAt(flat.field(message, 2));
  checkBatch(flat, expected.kind === DICTIONARY ? flat.tableAt(flat.field(header, 1)) : header, {
    ...expected,
    bodySize,
  });
}

function checkBatch(
  flat: FlatBuffer,
  batch: number,
  { kind, columns, bodySize }: Expected & { readonly bodySize: number },
): void {
  const nodes = flat.vector(flat.field(batch, 1), NODE);
  const buffers = flat.vector(flat.field(batch, 2), NODE);
  flat.vector(flat.field(batch, 4), 8);
  const length = flat.field(batch, 0);
  const rows = length === 0 ? 0n : flat.bytes.readBigInt64LE(length);
  const most = BigInt(8 * bodySize + NULLS);
  if (rows < 0n || rows > most) throw new Unsound('a batch has no number of rows');
  if (kind === BATCH && nodes.length > columns) throw new Unsound('a batch has more columns than its schema');
  for (let i = 0; i < buffers.length; i += 1) {
    const [at, bytes] = [
      flat.bytes.readBigInt64LE(buffers.at + i * NODE),
      flat.bytes.readBigInt64LE(buffers.at + i * NODE + 8),
    ];
    if (at < 0n || bytes < 0n || at + bytes > BigInt(bodySize)) throw new Unsound('a column lies outside of its batch');
  }
  for (let i = 0; i < nodes.length; i += 1) {
    const [values, nulls] = [
      flat.bytes.readBigInt64LE(nodes.at + i * NODE),
      flat.bytes.readBigInt64LE(nodes.at + i * NODE + 8),
    ];
    if (values < 0n || values > most || nulls < 0n || nulls > values)
      throw new Unsound('a column has no number of values');
  }
}

/** A FlatBuffer, read as little as the check needs, with every place and count held against its size. */
interface FlatBuffer {
  readonly bytes: Buffer;
  readonly size: number;
  /** Where its outermost table is. */
  root(): number;
  /** Where a field of a table is; 0 if it is left out. */
  field(table: number, index: number): number;
  /** Where the table is that a field refers to. */
  tableAt(field: number): number;
  /** The vector that a field refers to, of elements of so many bytes; empty if it is left out. */
  vector(field: number, width: number): { readonly at: number; readonly length: number };
  tablesIn(field: number): readonly number[];
}

function flatBuffer(bytes: Buffer): FlatBuffer {
  const size = bytes.length;
  const follow = (field: number): number => field + bytes.readUInt32LE(field);
  const flat: FlatBuffer = {
    bytes,
    size,
    root: () => follow(0),
    field: (table, index) => {
      // A table begins with where its list of fields is, and that with its own size and the table's.
      const list = table - bytes.readInt32LE(table);
      const [length, extent] = [bytes.readInt16LE(list), bytes.readInt16LE(list + 2)];
      const place = 4 + 2 * index;
      const offset = place < length ? bytes.readInt16LE(list + place) : 0;
      if (length < 4 || offset < 0 || offset > Math.max(0, extent)) throw new Unsound('a part of it is damaged');
      return offset === 0 ? 0 : table + offset;
    },
    tableAt: (field) => {
      if (field === 0) throw new Unsound('a part of it is missing');
      return follow(field);
    },
    vector: (field, width) => {
      if (field === 0) return { at: 0, length: 0 };
      const at = follow(field);
      const length = bytes.readUInt32LE(at);
      if (at + 4 + length * width > size) throw new Unsound('it counts more than it has');
      return { at: at + 4, length };
    },
    tablesIn: (field) => {
      const { at, length } = flat.vector(field, 4);
      return Array.from({ length }, (_, i) => follow(at + 4 * i));
    },
  };
  return flat;
}
