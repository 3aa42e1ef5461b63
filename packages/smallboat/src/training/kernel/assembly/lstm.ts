// LSTM(units) → Dense(1, sigmoid) over a trie of token sequences: forward, backward, Adam. AssemblyScript.
//
// Nodes of the trie are numbered so that every loop is long:
//   0               the root, the empty prefix: h = c = 0
//   1 … I-1         internal nodes (they have children), by depth
//   I … N-1         leaves, in any order
// so the states of internal nodes are one matrix, h·R is computed once a parent and not once a child, and the
// gradient of R is one product, Hᵀ·DZ, over all internal nodes of the batch.
//
// `P` is the number of units padded to a multiple of 16 (padded weights are 0 and stay 0), `G` = 4P. A row of G floats
// holds, for each 8 units, 8 values of gate i, 8 of f, 8 of c, 8 of o. A product's right side is stored in panels of 16
// columns, [panel][k][16], so that the inner loop reads it in order.

// Sizes and addresses (bytes) are set by the host; `kernel/lstm-kernel.ts` lays them out, each aligned to 64 bytes.
export let P: i32 = 0;
export let vocabulary: i32 = 0;
/** 1 / examples of the batch: the loss is a mean. */
export let scale: f64 = 1;
/** Parameters and their gradients and moments: [vocabulary × G] input, [G/16][P][16] recurrent, [G] bias, [P] dense, [16] dense bias. */
export let weights: usize = 0;
export let gradients: usize = 0;
export let moments1: usize = 0;
export let moments2: usize = 0;
/** [vocabulary × G] input + bias; [P/16][G][16] the recurrent matrix transposed. Both made by `refresh`. */
export let inputBias: usize = 0;
export let transposed: usize = 0;
/** By node: parent (u32), token (u32), gradient of the loss by the logit (f32). */
export let parents: usize = 0;
export let tokens: usize = 0;
export let slopes: usize = 0;
/** By node: gates [G], tanh of the cell [P], cell [P], state [P]. */
export let gates: usize = 0;
export let tanhs: usize = 0;
export let cells: usize = 0;
export let states: usize = 0;
/** By internal node: h·R on the way forward and the sum of the children's gate gradients on the way back [G], gradients of cell and state [P]. */
export let rows: usize = 0;
export let cellGradients: usize = 0;
export let stateGradients: usize = 0;
/** By depth, from 1: first internal node of that depth (u32), and one more at the end. */
export let levels: usize = 0;
/** By terminal: node (u32), examples that end there (f32), how many of them are positive (f32), probability out (f32). */
export let terminalNodes: usize = 0;
export let terminalCounts: usize = 0;
export let terminalPositives: usize = 0;
export let probabilities: usize = 0;

/** The first free address: below it lie the tables of the mathematical functions. */
export function firstFree(): usize { return __heap_base; }
@inline
function recurrent(): usize { return weights + <usize>(vocabulary * P * 16); }
@inline
function bias(): usize { return recurrent() + <usize>(P * P * 16); }
@inline
function dense(): usize { return bias() + <usize>(P * 16); }

// tanh as a ratio of polynomials, x·P(x²)/Q(x²), as Eigen and XLA have it: a few units in the last place of a float.
// The constants are read from memory: V8 makes a vector constant anew at each use, which is four instructions.
const table = memory.data<f32>([
  -7.90531110763549805, 7.90531110763549805, 0.5,
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-08, 1.48572235717979e-05,
  6.37261928875436e-04, 4.89352455891786e-03,
  1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03,
], 64);
@inline
function constant(index: usize): v128 { return v128.load_splat<f32>(table + (index << 2)); }
@inline
function clamp(x: v128, low: v128, high: v128): v128 { return f32x4.relaxed_min(f32x4.relaxed_max(x, low), high); }

// Adds 8 floats to 8 floats in memory. Both are loaded before one is stored, or V8 could not join the pair.
@inline
function add8(to: usize, x0: v128, x1: v128): void {
  const y0 = f32x4.add(v128.load(to), x0), y1 = f32x4.add(v128.load(to, 16), x1);
  v128.store(to, y0); v128.store(to, y1, 16);
}

/** C[rows × 16·panels] = A[rows × K] · B, B in panels [panel][K][16]; lda and ldc in bytes. K is a multiple of 4. */
function multiply(a: usize, lda: usize, b: usize, k: i32, c: usize, ldc: usize, panels: i32, count: i32): void {
  const kBytes = <usize>k << 2;
  const panelBytes = <usize>k << 6;
  for (let t = 0; t < panels; t++) {
    const panel = b + <usize>t * panelBytes;
    let row = a;
    let out = c + (<usize>t << 6);
    let left = count;
    for (; left >= 4; left -= 4) {
      let q = panel;
      let a0 = row;
      const end = row + kBytes;
      const lda2 = lda + lda;
      const lda3 = lda2 + lda;
      let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c02 = f32x4.splat(0), c03 = f32x4.splat(0);
      let c10 = f32x4.splat(0), c11 = f32x4.splat(0), c12 = f32x4.splat(0), c13 = f32x4.splat(0);
      let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c22 = f32x4.splat(0), c23 = f32x4.splat(0);
      let c30 = f32x4.splat(0), c31 = f32x4.splat(0), c32 = f32x4.splat(0), c33 = f32x4.splat(0);
      do {
        const b0 = v128.load(q), b1 = v128.load(q, 16), b2 = v128.load(q, 32), b3 = v128.load(q, 48);
        let s = v128.load_splat<f32>(a0);
        c00 = f32x4.relaxed_madd(s, b0, c00); c01 = f32x4.relaxed_madd(s, b1, c01);
        c02 = f32x4.relaxed_madd(s, b2, c02); c03 = f32x4.relaxed_madd(s, b3, c03);
        s = v128.load_splat<f32>(a0 + lda);
        c10 = f32x4.relaxed_madd(s, b0, c10); c11 = f32x4.relaxed_madd(s, b1, c11);
        c12 = f32x4.relaxed_madd(s, b2, c12); c13 = f32x4.relaxed_madd(s, b3, c13);
        s = v128.load_splat<f32>(a0 + lda2);
        c20 = f32x4.relaxed_madd(s, b0, c20); c21 = f32x4.relaxed_madd(s, b1, c21);
        c22 = f32x4.relaxed_madd(s, b2, c22); c23 = f32x4.relaxed_madd(s, b3, c23);
        s = v128.load_splat<f32>(a0 + lda3);
        c30 = f32x4.relaxed_madd(s, b0, c30); c31 = f32x4.relaxed_madd(s, b1, c31);
        c32 = f32x4.relaxed_madd(s, b2, c32); c33 = f32x4.relaxed_madd(s, b3, c33);
        q += 64;
        a0 += 4;
      } while (a0 < end);
      v128.store(out, c00); v128.store(out, c01, 16); v128.store(out, c02, 32); v128.store(out, c03, 48);
      out += ldc;
      v128.store(out, c10); v128.store(out, c11, 16); v128.store(out, c12, 32); v128.store(out, c13, 48);
      out += ldc;
      v128.store(out, c20); v128.store(out, c21, 16); v128.store(out, c22, 32); v128.store(out, c23, 48);
      out += ldc;
      v128.store(out, c30); v128.store(out, c31, 16); v128.store(out, c32, 32); v128.store(out, c33, 48);
      out += ldc;
      row = row + (lda << 2);
    }
    for (; left > 0; left--) {
      multiplyRow(row, panel, kBytes, out);
      row += lda;
      out += ldc;
    }
  }
}

/** One row times one panel. Four sums run beside each other, or each step would wait for the one before. */
@inline
function multiplyRow(row: usize, panel: usize, kBytes: usize, out: usize): void {
  let q = panel;
  let a0 = row;
  const end = row + kBytes;
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c02 = f32x4.splat(0), c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0), c11 = f32x4.splat(0), c12 = f32x4.splat(0), c13 = f32x4.splat(0);
  do {
    let s = v128.load_splat<f32>(a0);
    c00 = f32x4.relaxed_madd(s, v128.load(q), c00); c01 = f32x4.relaxed_madd(s, v128.load(q, 16), c01);
    c02 = f32x4.relaxed_madd(s, v128.load(q, 32), c02); c03 = f32x4.relaxed_madd(s, v128.load(q, 48), c03);
    s = v128.load_splat<f32>(a0, 4);
    c10 = f32x4.relaxed_madd(s, v128.load(q, 64), c10); c11 = f32x4.relaxed_madd(s, v128.load(q, 80), c11);
    c12 = f32x4.relaxed_madd(s, v128.load(q, 96), c12); c13 = f32x4.relaxed_madd(s, v128.load(q, 112), c13);
    q += 128;
    a0 += 8;
  } while (a0 < end);
  v128.store(out, f32x4.add(c00, c10));
  v128.store(out, f32x4.add(c01, c11), 16);
  v128.store(out, f32x4.add(c02, c12), 32);
  v128.store(out, f32x4.add(c03, c13), 48);
}

/** C += Aᵀ·B over `count` rows: A [count × P] (bytes a row: lda), B [count × G], C in panels [G/16][P][16]. */
function multiplyTransposed(a: usize, lda: usize, b: usize, ldb: usize, c: usize, count: i32): void {
  const panels = P >> 2;
  const p = P;
  // A block of rows stays in the first-level cache while all units pass over it.
  for (let first = 0; first < count; first += 64) {
    const size = min(64, count - first);
    const aBlock = a + <usize>first * lda;
    const bBlock = b + <usize>first * ldb;
    for (let t = 0; t < panels; t++) {
      for (let u = 0; u < p; u += 4) {
        const out = c + (<usize>(t * p + u) << 6);
        let x = aBlock + (<usize>u << 2);
        let y = bBlock + (<usize>t << 6);
        const end = x + <usize>size * lda;
        let c00 = v128.load(out), c01 = v128.load(out, 16), c02 = v128.load(out, 32), c03 = v128.load(out, 48);
        let c10 = v128.load(out, 64), c11 = v128.load(out, 80), c12 = v128.load(out, 96), c13 = v128.load(out, 112);
        let c20 = v128.load(out, 128), c21 = v128.load(out, 144), c22 = v128.load(out, 160), c23 = v128.load(out, 176);
        let c30 = v128.load(out, 192), c31 = v128.load(out, 208), c32 = v128.load(out, 224), c33 = v128.load(out, 240);
        do {
          const b0 = v128.load(y), b1 = v128.load(y, 16), b2 = v128.load(y, 32), b3 = v128.load(y, 48);
          let s = v128.load_splat<f32>(x);
          c00 = f32x4.relaxed_madd(s, b0, c00); c01 = f32x4.relaxed_madd(s, b1, c01);
          c02 = f32x4.relaxed_madd(s, b2, c02); c03 = f32x4.relaxed_madd(s, b3, c03);
          s = v128.load_splat<f32>(x, 4);
          c10 = f32x4.relaxed_madd(s, b0, c10); c11 = f32x4.relaxed_madd(s, b1, c11);
          c12 = f32x4.relaxed_madd(s, b2, c12); c13 = f32x4.relaxed_madd(s, b3, c13);
          s = v128.load_splat<f32>(x, 8);
          c20 = f32x4.relaxed_madd(s, b0, c20); c21 = f32x4.relaxed_madd(s, b1, c21);
          c22 = f32x4.relaxed_madd(s, b2, c22); c23 = f32x4.relaxed_madd(s, b3, c23);
          s = v128.load_splat<f32>(x, 12);
          c30 = f32x4.relaxed_madd(s, b0, c30); c31 = f32x4.relaxed_madd(s, b1, c31);
          c32 = f32x4.relaxed_madd(s, b2, c32); c33 = f32x4.relaxed_madd(s, b3, c33);
          x += lda;
          y += ldb;
        } while (x < end);
        v128.store(out, c00); v128.store(out, c01, 16); v128.store(out, c02, 32); v128.store(out, c03, 48);
        v128.store(out, c10, 64); v128.store(out, c11, 80); v128.store(out, c12, 96); v128.store(out, c13, 112);
        v128.store(out, c20, 128); v128.store(out, c21, 144); v128.store(out, c22, 160); v128.store(out, c23, 176);
        v128.store(out, c30, 192); v128.store(out, c31, 208); v128.store(out, c32, 224); v128.store(out, c33, 240);
      }
    }
  }
}

/** Makes what is derived from the weights: input + bias, and the transposed recurrent matrix. Call after every change of them. */
export function refresh(): void {
  const g = P << 2;
  const b = bias();
  for (let t = 0; t < vocabulary; t++) {
    const from = weights + (<usize>(t * g) << 2);
    const to = inputBias + (<usize>(t * g) << 2);
    for (let j: usize = 0; j < <usize>g << 2; j += 32) {
      v128.store(to + j, f32x4.add(v128.load(from + j), v128.load(b + j)));
      v128.store(to + j, f32x4.add(v128.load(from + j, 16), v128.load(b + j, 16)), 16);
    }
  }
  // R[k][j] is at panel j/16, row k, column j%16; its transpose goes to panel k/16, row j, column k%16.
  const r = recurrent();
  for (let k = 0; k < P; k += 4) {
    for (let j = 0; j < g; j += 4) {
      const from = r + (<usize>((j >> 4) * P + k) << 6) + (<usize>(j & 15) << 2);
      const x0 = v128.load(from), x1 = v128.load(from, 64), x2 = v128.load(from, 128), x3 = v128.load(from, 192);
      const y0 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5), y1 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
      const y2 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5), y3 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
      const to = transposed + (<usize>((k >> 4) * g + j) << 6) + (<usize>(k & 15) << 2);
      v128.store(to, v128.shuffle<f32>(y0, y2, 0, 1, 4, 5));
      v128.store(to, v128.shuffle<f32>(y0, y2, 2, 3, 6, 7), 64);
      v128.store(to, v128.shuffle<f32>(y1, y3, 0, 1, 4, 5), 128);
      v128.store(to, v128.shuffle<f32>(y1, y3, 2, 3, 6, 7), 192);
    }
  }
}

/** Gates, cell and state of nodes first … last-1, whose parents are done. */
function gatesForward(first: i32, last: i32): void {
  const p = <usize>P << 2;
  const g = p << 2;
  let gate = gates + <usize>first * g;
  let th = tanhs + <usize>first * p;
  let cell = cells + <usize>first * p;
  let state = states + <usize>first * p;
  for (let n = first; n < last; n++) {
    const parent = <usize>load<u32>(parents + (<usize>n << 2));
    let z = rows + parent * g;
    let w = inputBias + <usize>load<u32>(tokens + (<usize>n << 2)) * g;
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

/** The dense layer: logit of one state. */
@inline
function logitOf(state: usize): f32 {
  const d = dense();
  const bytes = <usize>P << 2;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
  for (let j: usize = 0; j < bytes; j += 32) {
    s0 = f32x4.relaxed_madd(v128.load(state + j), v128.load(d + j), s0);
    s1 = f32x4.relaxed_madd(v128.load(state + j, 16), v128.load(d + j, 16), s1);
  }
  s0 = f32x4.add(s0, s1);
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3)
    + load<f32>(d + bytes);
}

/**
 * States of all nodes and the probability at each terminal.
 * @returns binary cross-entropy summed over the examples, in nats.
 */
export function forward(internal: i32, nodes: i32, depths: i32, terminals: i32): f64 {
  const p = <usize>P << 2;
  const g = p << 2;
  const r = recurrent();
  const panels = P >> 2;
  memory.fill(cells, 0, p);
  memory.fill(states, 0, p);
  memory.fill(rows, 0, g);
  for (let d = 0; d < depths; d++) {
    const first = load<i32>(levels + (<usize>d << 2));
    const last = load<i32>(levels + (<usize>d << 2), 4);
    gatesForward(first, last);
    multiply(states + <usize>first * p, p, r, P, rows + <usize>first * g, g, panels, last - first);
  }
  gatesForward(internal, nodes);
  let loss: f64 = 0;
  for (let e = 0; e < terminals; e++) {
    const at = <usize>e << 2;
    const logit = <f64>logitOf(states + <usize>load<u32>(terminalNodes + at) * p);
    const positives = <f64>load<f32>(terminalPositives + at);
    const small = Math.exp(-Math.abs(logit));
    const probability = logit >= 0 ? 1 / (1 + small) : small / (1 + small);
    store<f32>(probabilities + at, <f32>probability);
    // −log p = softplus(−logit), −log(1−p) = softplus(logit).
    loss += <f64>load<f32>(terminalCounts + at) * (Math.log1p(small) + Math.max(logit, 0)) - positives * logit;
  }
  return loss;
}

/** Gradients by gates of nodes first … last-1; adds to the rows and cells of their parents and to the input rows of their tokens. */
function gatesBackward(first: i32, last: i32, isInternal: bool): void {
  const p = <usize>P << 2;
  const g = p << 2;
  const one = f32x4.splat(1);
  for (let n = first; n < last; n++) {
    const at = <usize>n;
    const parent = <usize>load<u32>(parents + (at << 2));
    let gate = gates + at * g;
    let th = tanhs + at * p;
    let before = cells + parent * p;
    let beforeGradient = cellGradients + parent * p;
    let row = rows + parent * g;
    let input = gradients + <usize>load<u32>(tokens + (at << 2)) * g;
    let d = dense();
    let stateGradient = stateGradients + at * p;
    let cellGradient = cellGradients + at * p;
    const slope = v128.load_splat<f32>(slopes + (at << 2));
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
      gate += 128; row += 128; input += 128;
      th += 32; before += 32; beforeGradient += 32; d += 32; stateGradient += 32; cellGradient += 32;
    } while (th < end);
  }
}

/** Gradients of the mean loss by every weight, after `forward` on the same nodes. */
export function backward(internal: i32, nodes: i32, depths: i32, terminals: i32): void {
  const p = <usize>P << 2;
  const g = p << 2;
  const gBias = gradients + (bias() - weights);
  const gDense = gradients + (dense() - weights);
  memory.fill(gradients, 0, gDense - gradients + p + 64);
  memory.fill(slopes, 0, <usize>nodes << 2);
  memory.fill(rows, 0, <usize>internal * g);
  memory.fill(cellGradients, 0, <usize>internal * p);
  let sum: f64 = 0;
  for (let e = 0; e < terminals; e++) {
    const at = <usize>e << 2;
    const node = <usize>load<u32>(terminalNodes + at);
    const slope = (<f64>load<f32>(probabilities + at) * <f64>load<f32>(terminalCounts + at) - <f64>load<f32>(terminalPositives + at)) * scale;
    sum += slope;
    store<f32>(slopes + (node << 2), <f32>slope);
    const s = f32x4.splat(<f32>slope);
    const state = states + node * p;
    for (let j: usize = 0; j < p; j += 32) {
      add8(gDense + j, f32x4.mul(s, v128.load(state + j)), f32x4.mul(s, v128.load(state + j, 16)));
    }
  }
  store<f32>(gDense + p, <f32>sum);
  gatesBackward(internal, nodes, false);
  for (let d = depths - 1; d >= 0; d--) {
    const first = load<i32>(levels + (<usize>d << 2));
    const last = load<i32>(levels + (<usize>d << 2), 4);
    multiply(rows + <usize>first * g, g, transposed, P << 2, stateGradients + <usize>first * p, p, P >> 4, last - first);
    gatesBackward(first, last, true);
  }
  // The root's state is 0 and adds nothing.
  if (internal > 1) multiplyTransposed(states + p, p, rows + g, g, gradients + (recurrent() - weights), internal - 1);
  // Every step has one token, so the bias's gradient is the sum of the input rows.
  for (let t = 0; t < vocabulary; t++) {
    const from = gradients + <usize>t * g;
    for (let j: usize = 0; j < g; j += 32) {
      add8(gBias + j, v128.load(from + j), v128.load(from + j, 16));
    }
  }
}

/** One step of Adam as Keras takes it. `rate` = learning rate · √(1−β₂ᵗ) / (1−β₁ᵗ); the factors come rounded from double. */
export function adam(rate: f32, oneLessBeta1: f32, oneLessBeta2: f32, epsilon: f32): void {
  const bytes = dense() - weights + <usize>((P + 16) << 2);
  const r = f32x4.splat(rate), b1 = f32x4.splat(oneLessBeta1), b2 = f32x4.splat(oneLessBeta2), e = f32x4.splat(epsilon);
  for (let j: usize = 0; j < bytes; j += 16) {
    const gradient = v128.load(gradients + j);
    let m = v128.load(moments1 + j);
    let v = v128.load(moments2 + j);
    m = f32x4.relaxed_madd(f32x4.sub(gradient, m), b1, m);
    v = f32x4.relaxed_madd(f32x4.sub(f32x4.mul(gradient, gradient), v), b2, v);
    v128.store(moments1 + j, m);
    v128.store(moments2 + j, v);
    const step = f32x4.div(f32x4.mul(m, r), f32x4.add(f32x4.sqrt(v), e));
    v128.store(weights + j, f32x4.sub(v128.load(weights + j), step));
  }
}

/** The probability of one sequence of `length` tokens (u32, at `tokens`): no trie, states in place. */
export function scoreOne(length: i32): f32 {
  const p = <usize>P << 2;
  const g = p << 2;
  const r = recurrent();
  const panels = P >> 2;
  // Node 0 is the state before, node 1 the state after; then they change places.
  memory.fill(states, 0, p);
  memory.fill(cells, 0, p);
  memory.fill(rows, 0, g);
  store<u32>(parents, 0);
  for (let n = 0; n < length; n++) {
    if (n > 0) multiply(states, p, r, P, rows, g, panels, 1);
    store<u32>(tokens, load<u32>(tokens + (<usize>n << 2)));
    gatesForward(0, 1);
  }
  const logit = <f64>logitOf(states);
  const small = Math.exp(-Math.abs(logit));
  return <f32>(logit >= 0 ? 1 / (1 + small) : small / (1 + small));
}
