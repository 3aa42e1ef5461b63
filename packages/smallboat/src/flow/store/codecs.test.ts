import { describe, expect, it } from 'vitest';
import { codecErrors, storable } from './codecs.ts';
import { decodePickle } from './pickle-decode.ts';
import { encodePickle } from './pickle-encode.ts';
import { pickleEncodeErrors } from './pickle-errors.ts';

class Money {
  readonly #cents: bigint;
  constructor(cents: bigint) {
    this.#cents = cents;
  }
  get cents(): bigint {
    return this.#cents;
  }
  plus(other: Money): Money {
    return new Money(this.#cents + other.#cents);
  }
}
class Wallet {
  readonly money: readonly Money[];
  readonly owner: { wallet?: Wallet };
  constructor(money: readonly Money[], owner = {}) {
    this.money = money;
    this.owner = owner;
  }
}
class Euro extends Money {}

storable(Money, { name: 'shop.Money', pack: ({ cents }) => ({ cents }), unpack: ({ cents }) => new Money(cents) });
storable(Wallet, {
  name: 'shop.Wallet',
  pack: ({ money, owner }) => [money, owner] as const,
  unpack: ([money, owner]) => new Wallet(money, owner),
});

const encode = (value: unknown): Uint8Array => new Uint8Array(Buffer.concat(encodePickle(value)));
const roundTrip = (value: unknown): unknown => decodePickle(encode(value));
const refused = (value: unknown): unknown => {
  try {
    encodePickle(value);
  } catch (error) {
    return pickleEncodeErrors.VALUE_NOT_STORABLE.is(error) ? `${error.facts.path} ${error.facts.problem}` : error;
  }
  return undefined;
};

describe('an instance of a registered class', () => {
  it('comes back as one, with its private parts', () => {
    const back = roundTrip({ price: new Money(250n) }) as { price: Money };
    expect(back.price).toBeInstanceOf(Money);
    expect(back.price.plus(new Money(50n)).cents).toBe(300n);
  });

  it('may hold others, and occur twice', () => {
    const coin = new Money(1n);
    const back = roundTrip([new Wallet([coin, coin]), coin, new Map([[coin, new Set([coin])]])]) as [
      Wallet,
      Money,
      Map<Money, Set<Money>>,
    ];
    expect(back[0].money).toEqual([back[1], back[1]]);
    expect(back[0].money[0]).toBe(back[1]);
    expect(back[2].get(back[1])?.has(back[1])).toBe(true);
  });

  it('may refer to what it lies in', () => {
    const owner: { wallet?: Wallet } = {};
    owner.wallet = new Wallet([], owner);
    const back = roundTrip(owner) as { wallet: Wallet };
    expect(back.wallet).toBeInstanceOf(Wallet);
    expect(back.wallet.owner).toBe(back);
  });

  it('is the same bytes for the same value, and other bytes than what was packed', () => {
    expect(encode([new Money(1n), new Money(2n)])).toEqual(encode([new Money(1n), new Money(2n)]));
    expect(encode(new Money(1n))).not.toEqual(encode({ cents: 1n }));
  });

  it('is refused where it holds itself, where its parts cannot be stored, and where its codec fails', () => {
    const owner: { wallet?: Wallet } = {};
    owner.wallet = new Wallet([], owner);
    expect(refused({ a: owner.wallet })).toBe(
      "$.a.pack()[1].wallet is inside what the codec 'shop.Wallet' packs of it",
    );
    expect(refused([new Wallet([], { wallet: () => 1 })])).toBe('$[0].pack()[1].wallet is a function (wallet)');
    class Odd {
      readonly id = 1;
    }
    storable(Odd, { name: 'shop.Odd', pack: (odd) => odd, unpack: (odd) => odd });
    expect(refused(new Odd())).toBe("$.pack() is inside what the codec 'shop.Odd' packs of it");
    class Broken {
      readonly id = 1;
    }
    storable(Broken, {
      name: 'shop.Broken',
      pack: () => {
        throw new Error('no luck');
      },
      unpack: () => new Broken(),
    });
    expect(refused(new Broken())).toBe("$.pack() could not be packed by the codec 'shop.Broken': no luck");
  });

  it('of a class below a registered one is refused: it would come back as another', () => {
    expect(refused({ price: new Euro(1n) })).toBe('$.price is an instance of Euro');
  });
});

describe('what was packed', () => {
  const renamed = (from: string, to: string): Uint8Array =>
    new Uint8Array(
      Buffer.from(
        Buffer.from(encode(new Money(5n)))
          .toString('latin1')
          .replace(from, to),
        'latin1',
      ),
    );

  it('under a name that nobody registered is refused, and nothing is looked for by that name', () => {
    expect(() => decodePickle(renamed('shop.Money', 'shop.Mouse'))).toThrow(
      expect.objectContaining({ code: codecErrors.CODEC_UNKNOWN.code, facts: { name: 'shop.Mouse' } }),
    );
    for (const name of ['__proto__.', 'toString..', 'valueOf...']) {
      expect(() => decodePickle(renamed('shop.Money', name))).toThrow(
        expect.objectContaining({ code: 'CODEC_UNKNOWN' }),
      );
    }
  });

  it('so that its codec cannot unpack it any more is said to be so', () => {
    class Strict {
      readonly n: number;
      constructor(n: number) {
        if (n > 1) throw new RangeError('too much');
        this.n = n;
      }
    }
    const codec = { name: 'shop.Strict', pack: ({ n }: Strict) => n + 1, unpack: (n: number) => new Strict(n) };
    storable(Strict, codec);
    const stored = encode(new Strict(1));
    expect(() => decodePickle(stored)).toThrow(
      expect.objectContaining({
        code: codecErrors.CODEC_FAILED.code,
        facts: { name: 'shop.Strict', problem: 'too much' },
      }),
    );
    storable(Strict, { ...codec, unpack: () => Object.create(null) as Strict });
    expect(() => decodePickle(stored)).toThrow(
      expect.objectContaining({
        facts: { name: 'shop.Strict', problem: 'it gave something else than an instance of the class' },
      }),
    );
  });
});

it('a name stands for one class', () => {
  expect(() => storable(Euro, { name: 'shop.Money', pack: () => 1, unpack: () => new Euro(1n) })).toThrow(
    expect.objectContaining({ code: codecErrors.CODEC_NAME_TAKEN.code, facts: { name: 'shop.Money', class: 'Euro' } }),
  );
});
