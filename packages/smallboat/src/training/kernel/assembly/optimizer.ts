import { gradients, moments1, moments2, weightBytes, weights } from './memory';

// Steps along the gradients. Ranges are bytes from the beginning of the weights, multiples of 64.

/** Adds another block of gradients, as of another part of the batch, to the one at `gradients`. */
export function addGradients(other: usize): void {
  const bytes = weightBytes();
  for (let j: usize = 0; j < bytes; j += 32) {
    const x0 = f32x4.add(v128.load(gradients + j), v128.load(other + j));
    const x1 = f32x4.add(v128.load(gradients + j, 16), v128.load(other + j, 16));
    v128.store(gradients + j, x0); v128.store(gradients + j, x1, 16);
  }
}

/** Sum of the squares of all gradients. */
export function squaredNorm(): f64 {
  const bytes = weightBytes();
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0);
  for (let j: usize = 0; j < bytes; j += 16) {
    const g = v128.load(gradients + j);
    const low = f64x2.promote_low_f32x4(g);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 2, 3));
    s0 = f64x2.add(s0, f64x2.mul(low, low));
    s1 = f64x2.add(s1, f64x2.mul(high, high));
  }
  s0 = f64x2.add(s0, s1);
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

/**
 * One step of Adam over a range. `rate` = learning rate · √(1−β₂ᵗ) / (1−β₁ᵗ) and `kept` = 1 − learning rate · decay (AdamW; 1
 * without); gradients are multiplied by `clip` before. The factors come rounded from double.
 */
export function adam(from: usize, to: usize, rate: f32, kept: f32, clip: f32, oneLessBeta1: f32, oneLessBeta2: f32, epsilon: f32): void {
  const r = f32x4.splat(rate), k = f32x4.splat(kept), c = f32x4.splat(clip);
  const b1 = f32x4.splat(oneLessBeta1), b2 = f32x4.splat(oneLessBeta2), e = f32x4.splat(epsilon);
  for (let j = from; j < to; j += 16) {
    const gradient = f32x4.mul(v128.load(gradients + j), c);
    let m = v128.load(moments1 + j);
    let v = v128.load(moments2 + j);
    m = f32x4.relaxed_madd(f32x4.sub(gradient, m), b1, m);
    v = f32x4.relaxed_madd(f32x4.sub(f32x4.mul(gradient, gradient), v), b2, v);
    v128.store(moments1 + j, m);
    v128.store(moments2 + j, v);
    const step = f32x4.div(f32x4.mul(m, r), f32x4.add(f32x4.sqrt(v), e));
    v128.store(weights + j, f32x4.sub(f32x4.mul(v128.load(weights + j), k), step));
  }
}
