// tanh as a ratio of polynomials, x·P(x²)/Q(x²), as Eigen and XLA have it: a few units in the last place of a float.
// The constants are read from memory: V8 makes a vector constant anew at each use, which is four instructions.
const table = memory.data<f32>([
  -7.90531110763549805, 7.90531110763549805, 0.5,
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
  6.37261928875436e-04, 4.89352455891786e-03,
  1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03,
], 64);
@inline
export function constant(index: usize): v128 { return v128.load_splat<f32>(table + (index << 2)); }
@inline
export function clamp(x: v128, low: v128, high: v128): v128 { return f32x4.relaxed_min(f32x4.relaxed_max(x, low), high); }


/** tanh of each lane. */
@inline
export function tanhOf(value: v128): v128 {
  const x = clamp(value, constant(0), constant(1));
  const q = f32x4.mul(x, x);
  let p = f32x4.relaxed_madd(q, constant(3), constant(4));
  p = f32x4.relaxed_madd(q, p, constant(5));
  p = f32x4.relaxed_madd(q, p, constant(6));
  p = f32x4.relaxed_madd(q, p, constant(7));
  p = f32x4.relaxed_madd(q, p, constant(8));
  p = f32x4.relaxed_madd(q, p, constant(9));
  let d = f32x4.relaxed_madd(q, constant(10), constant(11));
  d = f32x4.relaxed_madd(q, d, constant(12));
  d = f32x4.relaxed_madd(q, d, constant(13));
  return f32x4.div(f32x4.mul(x, p), d);
}

/** 1 / (1 + e⁻ˣ) of each lane: ½ + ½·tanh(x/2). */
@inline
export function sigmoidOf(value: v128): v128 {
  const half = constant(2);
  return f32x4.relaxed_madd(half, tanhOf(f32x4.mul(value, half)), half);
}
