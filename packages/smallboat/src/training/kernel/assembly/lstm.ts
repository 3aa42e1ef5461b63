import { P, bias, cells, cellGradients, dense, gates, gradients, inputBias, isDropping, isRich, maskedDense, parents, projected, rows, slopes, stateGradients, states, tanhs, terminalAt, tokens, } from './memory';
import { clamp, constant } from './mathematics';
import { add8 } from './matrix';

// The gates of an LSTM, forward and back. Eight units at a time, all of their gates side by side.

/** Gates, cell and state of nodes first … last-1, whose parents are done. */
export function lstmForward(first: i32, last: i32): void {
  const p = <usize>P << 2;
  const g = p << 2;
  const rich = isRich();
  let gate = gates + <usize>first * g;
  let th = tanhs + <usize>first * p;
  let cell = cells + <usize>first * p;
  let state = states + <usize>first * p;
  for (let n = first; n < last; n++) {
    const parent = <usize>load<u32>(parents + (<usize>n << 2));
    let z = rows + parent * g;
    let w = rich ? projected + <usize>n * g : inputBias + <usize>load<u32>(tokens + (<usize>n << 2)) * g;
    let before = cells + parent * p;
    const end = th + p;
    do {
      const half = constant(2);
      const low = constant(0), high = constant(1);
      let i0 = f32x4.add(v128.load(z), v128.load(w));
      let i1 = f32x4.add(v128.load(z, 16), v128.load(w, 16));
      let f0 = f32x4.add(v128.load(z, 32), v128.load(w, 32));
      let f1 = f32x4.add(v128.load(z, 48), v128.load(w, 48));
      let g0 = f32x4.add(v128.load(z, 64), v128.load(w, 64));
      let g1 = f32x4.add(v128.load(z, 80), v128.load(w, 80));
      let o0 = f32x4.add(v128.load(z, 96), v128.load(w, 96));
      let o1 = f32x4.add(v128.load(z, 112), v128.load(w, 112));
      // sigmoid(x) = ½ + ½·tanh(x/2). The eight run side by side, so that each constant is loaded once and none waits.
      i0 = clamp(f32x4.mul(i0, half), low, high);
      i1 = clamp(f32x4.mul(i1, half), low, high);
      f0 = clamp(f32x4.mul(f0, half), low, high);
      f1 = clamp(f32x4.mul(f1, half), low, high);
      g0 = clamp(g0, low, high);
      g1 = clamp(g1, low, high);
      o0 = clamp(f32x4.mul(o0, half), low, high);
      o1 = clamp(f32x4.mul(o1, half), low, high);
      const qi0 = f32x4.mul(i0, i0); const qi1 = f32x4.mul(i1, i1);
      const qf0 = f32x4.mul(f0, f0); const qf1 = f32x4.mul(f1, f1);
      const qg0 = f32x4.mul(g0, g0); const qg1 = f32x4.mul(g1, g1);
      const qo0 = f32x4.mul(o0, o0); const qo1 = f32x4.mul(o1, o1);
      let s = constant(3), k = constant(4);
      let pi0 = f32x4.relaxed_madd(qi0, s, k); let pi1 = f32x4.relaxed_madd(qi1, s, k);
      let pf0 = f32x4.relaxed_madd(qf0, s, k); let pf1 = f32x4.relaxed_madd(qf1, s, k);
      let pg0 = f32x4.relaxed_madd(qg0, s, k); let pg1 = f32x4.relaxed_madd(qg1, s, k);
      let po0 = f32x4.relaxed_madd(qo0, s, k); let po1 = f32x4.relaxed_madd(qo1, s, k);
      k = constant(5);
      pi0 = f32x4.relaxed_madd(qi0, pi0, k); pi1 = f32x4.relaxed_madd(qi1, pi1, k);
      pf0 = f32x4.relaxed_madd(qf0, pf0, k); pf1 = f32x4.relaxed_madd(qf1, pf1, k);
      pg0 = f32x4.relaxed_madd(qg0, pg0, k); pg1 = f32x4.relaxed_madd(qg1, pg1, k);
      po0 = f32x4.relaxed_madd(qo0, po0, k); po1 = f32x4.relaxed_madd(qo1, po1, k);
      k = constant(6);
      pi0 = f32x4.relaxed_madd(qi0, pi0, k); pi1 = f32x4.relaxed_madd(qi1, pi1, k);
      pf0 = f32x4.relaxed_madd(qf0, pf0, k); pf1 = f32x4.relaxed_madd(qf1, pf1, k);
      pg0 = f32x4.relaxed_madd(qg0, pg0, k); pg1 = f32x4.relaxed_madd(qg1, pg1, k);
      po0 = f32x4.relaxed_madd(qo0, po0, k); po1 = f32x4.relaxed_madd(qo1, po1, k);
      k = constant(7);
      pi0 = f32x4.relaxed_madd(qi0, pi0, k); pi1 = f32x4.relaxed_madd(qi1, pi1, k);
      pf0 = f32x4.relaxed_madd(qf0, pf0, k); pf1 = f32x4.relaxed_madd(qf1, pf1, k);
      pg0 = f32x4.relaxed_madd(qg0, pg0, k); pg1 = f32x4.relaxed_madd(qg1, pg1, k);
      po0 = f32x4.relaxed_madd(qo0, po0, k); po1 = f32x4.relaxed_madd(qo1, po1, k);
      k = constant(8);
      pi0 = f32x4.relaxed_madd(qi0, pi0, k); pi1 = f32x4.relaxed_madd(qi1, pi1, k);
      pf0 = f32x4.relaxed_madd(qf0, pf0, k); pf1 = f32x4.relaxed_madd(qf1, pf1, k);
      pg0 = f32x4.relaxed_madd(qg0, pg0, k); pg1 = f32x4.relaxed_madd(qg1, pg1, k);
      po0 = f32x4.relaxed_madd(qo0, po0, k); po1 = f32x4.relaxed_madd(qo1, po1, k);
      k = constant(9);
      pi0 = f32x4.relaxed_madd(qi0, pi0, k); pi1 = f32x4.relaxed_madd(qi1, pi1, k);
      pf0 = f32x4.relaxed_madd(qf0, pf0, k); pf1 = f32x4.relaxed_madd(qf1, pf1, k);
      pg0 = f32x4.relaxed_madd(qg0, pg0, k); pg1 = f32x4.relaxed_madd(qg1, pg1, k);
      po0 = f32x4.relaxed_madd(qo0, po0, k); po1 = f32x4.relaxed_madd(qo1, po1, k);
      pi0 = f32x4.mul(i0, pi0); pi1 = f32x4.mul(i1, pi1);
      pf0 = f32x4.mul(f0, pf0); pf1 = f32x4.mul(f1, pf1);
      pg0 = f32x4.mul(g0, pg0); pg1 = f32x4.mul(g1, pg1);
      po0 = f32x4.mul(o0, po0); po1 = f32x4.mul(o1, po1);
      s = constant(10);
      k = constant(11);
      i0 = f32x4.relaxed_madd(qi0, s, k); i1 = f32x4.relaxed_madd(qi1, s, k);
      f0 = f32x4.relaxed_madd(qf0, s, k); f1 = f32x4.relaxed_madd(qf1, s, k);
      g0 = f32x4.relaxed_madd(qg0, s, k); g1 = f32x4.relaxed_madd(qg1, s, k);
      o0 = f32x4.relaxed_madd(qo0, s, k); o1 = f32x4.relaxed_madd(qo1, s, k);
      k = constant(12);
      i0 = f32x4.relaxed_madd(qi0, i0, k); i1 = f32x4.relaxed_madd(qi1, i1, k);
      f0 = f32x4.relaxed_madd(qf0, f0, k); f1 = f32x4.relaxed_madd(qf1, f1, k);
      g0 = f32x4.relaxed_madd(qg0, g0, k); g1 = f32x4.relaxed_madd(qg1, g1, k);
      o0 = f32x4.relaxed_madd(qo0, o0, k); o1 = f32x4.relaxed_madd(qo1, o1, k);
      k = constant(13);
      i0 = f32x4.relaxed_madd(qi0, i0, k); i1 = f32x4.relaxed_madd(qi1, i1, k);
      f0 = f32x4.relaxed_madd(qf0, f0, k); f1 = f32x4.relaxed_madd(qf1, f1, k);
      g0 = f32x4.relaxed_madd(qg0, g0, k); g1 = f32x4.relaxed_madd(qg1, g1, k);
      o0 = f32x4.relaxed_madd(qo0, o0, k); o1 = f32x4.relaxed_madd(qo1, o1, k);
      i0 = f32x4.div(pi0, i0); i1 = f32x4.div(pi1, i1);
      f0 = f32x4.div(pf0, f0); f1 = f32x4.div(pf1, f1);
      g0 = f32x4.div(pg0, g0); g1 = f32x4.div(pg1, g1);
      o0 = f32x4.div(po0, o0); o1 = f32x4.div(po1, o1);
      i0 = f32x4.relaxed_madd(half, i0, half);
      i1 = f32x4.relaxed_madd(half, i1, half);
      f0 = f32x4.relaxed_madd(half, f0, half);
      f1 = f32x4.relaxed_madd(half, f1, half);
      o0 = f32x4.relaxed_madd(half, o0, half);
      o1 = f32x4.relaxed_madd(half, o1, half);
      const c0 = f32x4.relaxed_madd(f0, v128.load(before), f32x4.mul(i0, g0));
      const c1 = f32x4.relaxed_madd(f1, v128.load(before, 16), f32x4.mul(i1, g1));
      const x0 = clamp(c0, low, high), x1 = clamp(c1, low, high);
      const q0 = f32x4.mul(x0, x0), q1 = f32x4.mul(x1, x1);
      s = constant(3); k = constant(4);
      let p0 = f32x4.relaxed_madd(q0, s, k), p1 = f32x4.relaxed_madd(q1, s, k);
      k = constant(5);
      p0 = f32x4.relaxed_madd(q0, p0, k); p1 = f32x4.relaxed_madd(q1, p1, k);
      k = constant(6);
      p0 = f32x4.relaxed_madd(q0, p0, k); p1 = f32x4.relaxed_madd(q1, p1, k);
      k = constant(7);
      p0 = f32x4.relaxed_madd(q0, p0, k); p1 = f32x4.relaxed_madd(q1, p1, k);
      k = constant(8);
      p0 = f32x4.relaxed_madd(q0, p0, k); p1 = f32x4.relaxed_madd(q1, p1, k);
      k = constant(9);
      p0 = f32x4.relaxed_madd(q0, p0, k); p1 = f32x4.relaxed_madd(q1, p1, k);
      s = constant(10); k = constant(11);
      let d0 = f32x4.relaxed_madd(q0, s, k), d1 = f32x4.relaxed_madd(q1, s, k);
      k = constant(12);
      d0 = f32x4.relaxed_madd(q0, d0, k); d1 = f32x4.relaxed_madd(q1, d1, k);
      k = constant(13);
      d0 = f32x4.relaxed_madd(q0, d0, k); d1 = f32x4.relaxed_madd(q1, d1, k);
      const t0 = f32x4.div(f32x4.mul(x0, p0), d0), t1 = f32x4.div(f32x4.mul(x1, p1), d1);
      const h0 = f32x4.mul(o0, t0), h1 = f32x4.mul(o1, t1);
      v128.store(gate, i0); v128.store(gate, i1, 16);
      v128.store(gate, f0, 32); v128.store(gate, f1, 48);
      v128.store(gate, g0, 64); v128.store(gate, g1, 80);
      v128.store(gate, o0, 96); v128.store(gate, o1, 112);
      v128.store(cell, c0); v128.store(cell, c1, 16);
      v128.store(th, t0); v128.store(th, t1, 16);
      v128.store(state, h0); v128.store(state, h1, 16);
      z += 128; w += 128; gate += 128; before += 32; cell += 32; th += 32; state += 32;
    } while (th < end);
  }
}

/** What a node's slope is multiplied by to give the gradient of its state: the dense weights, without what its terminal dropped. */
@inline
export function denseOf(node: i32): usize {
  if (!isDropping) return dense();
  const terminal = load<u32>(terminalAt + (<usize>node << 2));
  return terminal == 0 ? dense() : maskedDense + (<usize>(terminal - 1) * <usize>P << 2);
}

/** Gradients by gates of nodes first … last-1; adds to the rows and cells of their parents and to the input rows of their tokens. */
export function lstmBackward(first: i32, last: i32, isInternal: bool): void {
  const p = <usize>P << 2;
  const g = p << 2;
  const one = f32x4.splat(1);
  const rich = isRich();
  for (let n = first; n < last; n++) {
    const at = <usize>n;
    const parent = <usize>load<u32>(parents + (at << 2));
    let gate = gates + at * g;
    let th = tanhs + at * p;
    let before = cells + parent * p;
    let beforeGradient = cellGradients + parent * p;
    let row = rows + parent * g;
    let input = gradients + <usize>load<u32>(tokens + (at << 2)) * g;
    let d = denseOf(n);
    let stateGradient = stateGradients + at * p;
    let cellGradient = cellGradients + at * p;
    const slope = v128.load_splat<f32>(slopes + (at << 2));
    let z = projected + at * g;
    const end = th + p;
    do {
      const i0 = v128.load(gate), i1 = v128.load(gate, 16);
      const f0 = v128.load(gate, 32), f1 = v128.load(gate, 48);
      const g0 = v128.load(gate, 64), g1 = v128.load(gate, 80);
      const o0 = v128.load(gate, 96), o1 = v128.load(gate, 112);
      const t0 = v128.load(th), t1 = v128.load(th, 16);
      let h0 = f32x4.mul(slope, v128.load(d)), h1 = f32x4.mul(slope, v128.load(d, 16));
      if (isInternal) {
        h0 = f32x4.add(h0, v128.load(stateGradient)); h1 = f32x4.add(h1, v128.load(stateGradient, 16));
      }
      const ho0 = f32x4.mul(h0, o0), ho1 = f32x4.mul(h1, o1);
      let c0 = f32x4.sub(ho0, f32x4.mul(ho0, f32x4.mul(t0, t0)));
      let c1 = f32x4.sub(ho1, f32x4.mul(ho1, f32x4.mul(t1, t1)));
      if (isInternal) {
        c0 = f32x4.add(c0, v128.load(cellGradient)); c1 = f32x4.add(c1, v128.load(cellGradient, 16));
      }
      add8(beforeGradient, f32x4.mul(c0, f0), f32x4.mul(c1, f1));
      const zi0 = f32x4.mul(f32x4.mul(c0, g0), f32x4.mul(i0, f32x4.sub(one, i0)));
      const zi1 = f32x4.mul(f32x4.mul(c1, g1), f32x4.mul(i1, f32x4.sub(one, i1)));
      const zf0 = f32x4.mul(f32x4.mul(c0, v128.load(before)), f32x4.mul(f0, f32x4.sub(one, f0)));
      const zf1 = f32x4.mul(f32x4.mul(c1, v128.load(before, 16)), f32x4.mul(f1, f32x4.sub(one, f1)));
      const zg0 = f32x4.mul(f32x4.mul(c0, i0), f32x4.sub(one, f32x4.mul(g0, g0)));
      const zg1 = f32x4.mul(f32x4.mul(c1, i1), f32x4.sub(one, f32x4.mul(g1, g1)));
      const zo0 = f32x4.mul(f32x4.mul(h0, t0), f32x4.mul(o0, f32x4.sub(one, o0)));
      const zo1 = f32x4.mul(f32x4.mul(h1, t1), f32x4.mul(o1, f32x4.sub(one, o1)));
      add8(row, zi0, zi1); add8(row + 32, zf0, zf1); add8(row + 64, zg0, zg1); add8(row + 96, zo0, zo1);
      add8(input, zi0, zi1); add8(input + 32, zf0, zf1); add8(input + 64, zg0, zg1); add8(input + 96, zo0, zo1);
      if (rich) {
        v128.store(z, zi0); v128.store(z, zi1, 16); v128.store(z, zf0, 32); v128.store(z, zf1, 48);
        v128.store(z, zg0, 64); v128.store(z, zg1, 80); v128.store(z, zo0, 96); v128.store(z, zo1, 112);
      }
      gate += 128; row += 128; input += 128; z += 128;
      th += 32; before += 32; beforeGradient += 32; d += 32; stateGradient += 32; cellGradient += 32;
    } while (th < end);
  }
}

