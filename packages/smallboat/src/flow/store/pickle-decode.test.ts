import { describe, expect, it } from 'vitest';
import { decodePickle } from './pickle-decode.ts';

/** Bytes as Python prints them, one Latin-1 character a byte. */
const decode = (pickle: string): unknown => decodePickle(new Uint8Array(Buffer.from(pickle, 'latin1')));

describe('a pickle of protocol 2, in which Python writes the names of Python 2', () => {
  it('holds a range', () => {
    // pickle.dumps(range(0, 6, 2), 2)
    expect(decode('\x80\x02c__builtin__\nxrange\nq\x00K\x00K\x06K\x02\x87q\x01Rq\x02.')).toEqual([0, 2, 4]);
  });

  it.each(['long', 'unicode', 'float'])('holds a defaultdict of %s', (type) => {
    // pickle.dumps(collections.defaultdict(int, a=1), 2)
    const pickle = `\x80\x02ccollections\ndefaultdict\nq\x00c__builtin__\n${type}\nq\x01\x85q\x02Rq\x03X\x01\x00\x00\x00aq\x04K\x01s.`;
    expect(decode(pickle)).toEqual({ a: 1 });
  });

  it('names what it refuses as Python 3 does', () => {
    const said = expect.objectContaining({ facts: { type: 'builtins.print' } });
    expect(() => decode('\x80\x02c__builtin__\nprint\nq\x00.')).toThrow(said);
  });
});

it('reads numpy’s empty texts and bytes, which have no width', () => {
  // pickle.dumps([np.str_(''), np.bytes_(b'')], 4) without its frame
  const scalar = '\x8c\x16numpy._core.multiarray\x94\x8c\x06scalar\x94\x93\x94';
  const text =
    '\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\x8c\x02U0\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNK\x00K\x04K\x08t\x94b';
  const bytes = 'h\x06\x8c\x02S0\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNK\x00K\x01K\x00t\x94b';
  expect(decode(`\x80\x04]\x94(${scalar}${text}C\x00\x94\x86\x94R\x94h\x03${bytes}h\x0c\x86\x94R\x94e.`)).toEqual([
    '',
    new Uint8Array(0),
  ]);
});

it('refuses a numpy array of records by what it is, not by its first field', () => {
  // pickle.dumps(np.dtype([('a', 'i4')]), 2), up to the fields
  const field = 'cnumpy\ndtype\nq\x00X\x02\x00\x00\x00i4q\x01\x89\x88\x87q\x02RK\x00\x86';
  const said = expect.objectContaining({ facts: { type: expect.stringContaining('records') } });
  expect(() => decode(`\x80\x02}X\x01\x00\x00\x00a${field}s.`)).toThrow(said);
});
