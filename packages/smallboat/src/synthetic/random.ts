/** Draws numbers; the same seeds give the same numbers, on any machine. */
export interface Random {
  /** An integer from 0 to 2^32 − 1. */
  uint32(): number;
  /** A number from 0 up to, without, 1; in steps of 2^-32. */
  uniform(): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
}

/**
 * The generator sfc32, seeded by two integers, such as the seed of a data set and the number of a part of it: parts can be
 * made in any order.
 *
 * @see C. Doty-Humphrey, PractRand, 2010.
 */
export function randomOf(seed: number, stream: number): Random {
  let a = Math.trunc(seed / 2 ** 32) ^ 0x9e3779b9;
  let b = seed | 0;
  let c = stream | 0;
  let count = 1;
  const uint32 = (): number => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 20; i++) uint32();
  const uniform = (): number => uint32() / 4294967296;
  // Box and Muller; the second number of the pair is left, for simplicity.
  const normal = (): number =>
    Math.sqrt(-2 * Math.log((uint32() + 1) / 4294967296)) * Math.cos(2 * Math.PI * uniform());
  return { uint32, uniform, normal };
}
