// Products of matrices, in tiles that stay in registers.

// Adds 8 floats to 8 floats in memory. Both are loaded before one is stored, or V8 could not join the pair.
@inline
export function add8(to: usize, x0: v128, x1: v128): void {
  const y0 = f32x4.add(v128.load(to), x0), y1 = f32x4.add(v128.load(to, 16), x1);
  v128.store(to, y0); v128.store(to, y1, 16);
}

/** C[rows × 16·panels] = A[rows × K] · B, B in panels [panel][K][16]; lda and ldc in bytes. K is a multiple of 4. */
export function multiply(a: usize, lda: usize, b: usize, k: i32, c: usize, ldc: usize, panels: i32, count: i32): void {
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

/** C += Aᵀ·B over `count` rows: A [count × p] (bytes a row: lda), B [count × 16·panels], C in panels [panels][p][16]. p is a multiple of 4. */
export function multiplyTransposed(a: usize, lda: usize, p: i32, b: usize, ldb: usize, panels: i32, c: usize, count: i32): void {
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

