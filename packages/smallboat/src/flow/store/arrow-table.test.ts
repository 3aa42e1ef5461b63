import { createRequire } from 'node:module';
import * as arrow from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { artifactBytes, artifactValue } from './artifact-bytes.ts';
import { pickleDecodeErrors } from './pickle-errors.ts';

const table = arrow.tableFromArrays({
  session: ['a', 'b', null, 'a'],
  price: Float32Array.of(1, 2.5, Number.NaN, -0),
  at: [new Date(0), new Date(1), null, new Date(3)],
  seen: BigInt64Array.of(1n, 2n, 2n ** 60n, -4n),
});

async function stored(value: unknown): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await artifactBytes(value)));
}

describe('an Arrow table', () => {
  it('comes back as one of the same schema and values, in whatever it lies', async () => {
    const back = (await artifactValue(await stored({ tables: [table, table] }))) as { tables: arrow.Table[] };
    const [one, other] = back.tables;
    expect(one).toBeInstanceOf(arrow.Table);
    expect(other).toBe(one);
    expect(String(one?.schema)).toBe(String(table.schema));
    expect(
      one
        ?.toArray()
        .map((row: unknown) => JSON.stringify(row, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x))),
    ).toEqual(
      table
        .toArray()
        .map((row: unknown) => JSON.stringify(row, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x))),
    );
  });

  it('keeps its batches, and may be a part of another or empty', async () => {
    const two = table.concat(table.slice(1, 3));
    for (const each of [two, two.slice(3, 5), table.slice(0, 0), table.select(['price'])]) {
      const back = (await artifactValue(await stored(each))) as arrow.Table;
      expect(back.toString()).toBe(each.toString());
      expect(back.numCols).toBe(each.numCols);
    }
  });

  it('gives the same bytes each time, also when it has been stored and loaded', async () => {
    const bytes = await stored(table);
    expect(await stored(table)).toEqual(bytes);
    expect(await stored(await artifactValue(bytes))).toEqual(bytes);
  });

  it('is not copied when it is loaded', async () => {
    const numbers = arrow.tableFromArrays({ n: new Float64Array(10_000).fill(0.5) });
    const bytes = await stored(numbers);
    const back = (await artifactValue(bytes)) as arrow.Table;
    expect(back.getChild('n')?.data[0]?.values.buffer).toBe(bytes.buffer);
  });

  it('may be made by the copy of the package that CommonJS code gets', async () => {
    const other = createRequire(import.meta.url)('apache-arrow') as typeof arrow;
    expect(other.Table).not.toBe(arrow.Table);
    const back = (await artifactValue(await stored(other.tableFromArrays({ text: ['x', 'y'] })))) as arrow.Table;
    expect(back.toString()).toBe(arrow.tableFromArrays({ text: ['x', 'y'] }).toString());
  });

  it('of a copy of the package that is not to be found is refused', async () => {
    class Table {
      readonly schema = {};
      readonly batches = [];
    }
    await expect(stored([new Table()])).rejects.toThrow(/^\$\[0\] is a table of another copy of apache-arrow/);
  });

  it('that is damaged is refused, or is a table', async () => {
    const bytes = await stored(table);
    for (let at = 0; at < bytes.length; at += 3) {
      const damaged = new Uint8Array(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      const result: unknown = await artifactValue(damaged).catch((error: unknown) => error);
      const isKnown = Object.values(pickleDecodeErrors).some((kind) => kind.is(result));
      if (result instanceof Error && !isKnown) throw result;
    }
  });
});

it.each([
  [
    () => table.getChild('price'),
    'Vector',
    'Make a table of it, new Table({ name: vector }), or a typed array: vector.toArray().',
  ],
  [() => table.batches[0], 'RecordBatch', 'Make a table of it: new Table(batch).'],
])('another thing of Arrow’s is refused with what to do', async (make, name, hint) => {
  await expect(stored({ made: make() })).rejects.toThrow(`$.made is an instance of ${name}. ${hint}`);
});
