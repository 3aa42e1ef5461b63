import { P, cellGradients, gates, gradients, inputBias, isRich, parents, projected, recurrentBias, rows, slopes, stateGradients, states, tanhs, tokens, weights } from './memory';
import { sigmoidOf, tanhOf } from './mathematics';
import { add8 } from './matrix';
import { denseOf } from './lstm';

// The gates of a GRU, forward and back: r = σ(…), z = σ(…), n = tanh(x + r·(h·Rn + bn)), h' = n + z·(h − n), the form of
// PyTorch and of Keras's reset_after. `tanhs` keeps h·Rn + bn, `cellGradients` the part of a state's gradient that does
// not come through R.

/** Gates and state of nodes first … last-1, whose parents are done. */
export function gruForward(first: i32, last: i32): void {
  const p = <usize>P << 2;
  const g = p * 3;
  const rich = isRich();
  for (let n = first; n < last; n++) {
    const at = <usize>n;
    const parent = <usize>load<u32>(parents + (at << 2));
    let gate = gates + at * g;
    let kept = tanhs + at * p;
    let state = states + at * p;
    let z = rows + parent * g;
    let w = rich ? projected + at * g : inputBias + <usize>load<u32>(tokens + (at << 2)) * g;
    let before = states + parent * p;
    let b = recurrentBias();
    const end = kept + p;
    do {
      const r0 = sigmoidOf(f32x4.add(v128.load(z), v128.load(w)));
      const r1 = sigmoidOf(f32x4.add(v128.load(z, 16), v128.load(w, 16)));
      const u0 = sigmoidOf(f32x4.add(v128.load(z, 32), v128.load(w, 32)));
      const u1 = sigmoidOf(f32x4.add(v128.load(z, 48), v128.load(w, 48)));
      const q0 = f32x4.add(v128.load(z, 64), v128.load(b));
      const q1 = f32x4.add(v128.load(z, 80), v128.load(b, 16));
      const n0 = tanhOf(f32x4.relaxed_madd(r0, q0, v128.load(w, 64)));
      const n1 = tanhOf(f32x4.relaxed_madd(r1, q1, v128.load(w, 80)));
      const h0 = f32x4.relaxed_madd(u0, f32x4.sub(v128.load(before), n0), n0);
      const h1 = f32x4.relaxed_madd(u1, f32x4.sub(v128.load(before, 16), n1), n1);
      v128.store(gate, r0); v128.store(gate, r1, 16);
      v128.store(gate, u0, 32); v128.store(gate, u1, 48);
      v128.store(gate, n0, 64); v128.store(gate, n1, 80);
      v128.store(kept, q0); v128.store(kept, q1, 16);
      v128.store(state, h0); v128.store(state, h1, 16);
      gate += 96; z += 96; w += 96;
      kept += 32; state += 32; before += 32; b += 32;
    } while (kept < end);
  }
}

/** Gradients by gates of nodes first … last-1; adds to the rows and states of their parents and to the input rows of their tokens. */
export function gruBackward(first: i32, last: i32, isInternal: bool): void {
  const p = <usize>P << 2;
  const g = p * 3;
  const one = f32x4.splat(1);
  const rich = isRich();
  const gBias = gradients + (recurrentBias() - weights);
  for (let n = first; n < last; n++) {
    const at = <usize>n;
    const parent = <usize>load<u32>(parents + (at << 2));
    let gate = gates + at * g;
    let kept = tanhs + at * p;
    let before = states + parent * p;
    let beforeGradient = cellGradients + parent * p;
    let row = rows + parent * g;
    let input = gradients + <usize>load<u32>(tokens + (at << 2)) * g;
    let d = denseOf(n);
    let stateGradient = stateGradients + at * p;
    let direct = cellGradients + at * p;
    let x = projected + at * g;
    let b = gBias;
    const slope = v128.load_splat<f32>(slopes + (at << 2));
    const end = kept + p;
    do {
      const r0 = v128.load(gate), r1 = v128.load(gate, 16);
      const u0 = v128.load(gate, 32), u1 = v128.load(gate, 48);
      const n0 = v128.load(gate, 64), n1 = v128.load(gate, 80);
      let h0 = f32x4.mul(slope, v128.load(d)), h1 = f32x4.mul(slope, v128.load(d, 16));
      if (isInternal) {
        h0 = f32x4.add(h0, f32x4.add(v128.load(stateGradient), v128.load(direct)));
        h1 = f32x4.add(h1, f32x4.add(v128.load(stateGradient, 16), v128.load(direct, 16)));
      }
      add8(beforeGradient, f32x4.mul(h0, u0), f32x4.mul(h1, u1));
      const zn0 = f32x4.mul(f32x4.mul(h0, f32x4.sub(one, u0)), f32x4.sub(one, f32x4.mul(n0, n0)));
      const zn1 = f32x4.mul(f32x4.mul(h1, f32x4.sub(one, u1)), f32x4.sub(one, f32x4.mul(n1, n1)));
      const zu0 = f32x4.mul(f32x4.mul(h0, f32x4.sub(v128.load(before), n0)), f32x4.mul(u0, f32x4.sub(one, u0)));
      const zu1 = f32x4.mul(f32x4.mul(h1, f32x4.sub(v128.load(before, 16), n1)), f32x4.mul(u1, f32x4.sub(one, u1)));
      const zr0 = f32x4.mul(f32x4.mul(zn0, v128.load(kept)), f32x4.mul(r0, f32x4.sub(one, r0)));
      const zr1 = f32x4.mul(f32x4.mul(zn1, v128.load(kept, 16)), f32x4.mul(r1, f32x4.sub(one, r1)));
      const zq0 = f32x4.mul(zn0, r0), zq1 = f32x4.mul(zn1, r1);
      add8(row, zr0, zr1); add8(row + 32, zu0, zu1); add8(row + 64, zq0, zq1);
      add8(input, zr0, zr1); add8(input + 32, zu0, zu1); add8(input + 64, zn0, zn1);
      add8(b, zq0, zq1);
      if (rich) {
        v128.store(x, zr0); v128.store(x, zr1, 16); v128.store(x, zu0, 32); v128.store(x, zu1, 48);
        v128.store(x, zn0, 64); v128.store(x, zn1, 80);
      }
      gate += 96; row += 96; input += 96; x += 96;
      kept += 32; before += 32; beforeGradient += 32; d += 32; stateGradient += 32; direct += 32; b += 32;
    } while (kept < end);
  }
}
