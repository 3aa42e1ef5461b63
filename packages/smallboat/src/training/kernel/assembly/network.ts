import {
  P, bias, categories, cellGradients, cells, dense, gatesOf, gradients, inputBias, inputRows, isDropping, isRich, levels, maskedDense,
  masks, numberPanels, numbers, numbersOf, parents, probabilities, projected, recurrent, rowBytes, rows, rowsOf, scale, slopes,
  stateGradients, states, terminalCounts, terminalNodes, terminalPositives, tokenRows, tokens, transposed, weightBytes, weights,
} from './memory';
import { add8, multiply, multiplyTransposed } from './matrix';
import { lstmBackward, lstmForward } from './lstm';
import { gruBackward, gruForward } from './gru';

// LSTM or GRU → Dense(1, sigmoid) over a trie of sequences: forward, backward, and one sequence alone.

/** Makes what is derived from the weights: input + bias, and the transposed recurrent matrix. Call after every change of them. */
export function refresh(): void {
  const g = P * gatesOf;
  const b = bias();
  for (let t = 0; t < tokenRows; t++) {
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

/** What the events of nodes first … last-1 give to their gates: numbers times their matrix, and the rows of token and categories. */
function project(first: i32, last: i32): void {
  const g = rowBytes();
  const wide = <usize>numbers << 2;
  if (numbers > 0) {
    multiply(numbersOf + <usize>first * wide, wide, numberPanels(), numbers, projected + <usize>first * g, g, P * gatesOf >> 4, last - first);
  }
  for (let n = first; n < last; n++) {
    const to = projected + <usize>n * g;
    const token = inputBias + <usize>load<u32>(tokens + (<usize>n << 2)) * g;
    if (numbers > 0) {
      for (let j: usize = 0; j < g; j += 32) add8(to + j, v128.load(token + j), v128.load(token + j, 16));
    } else {
      memory.copy(to, token, g);
    }
    const picked = rowsOf + (<usize>(n * categories) << 2);
    for (let c = 0; c < categories; c++) {
      const row = weights + <usize>load<u32>(picked + (<usize>c << 2)) * g;
      for (let j: usize = 0; j < g; j += 32) add8(to + j, v128.load(row + j), v128.load(row + j, 16));
    }
  }
}

@inline
function gatesForward(first: i32, last: i32): void {
  if (gatesOf == 4) lstmForward(first, last);
  else gruForward(first, last);
}

/** The dense layer: logit of one state, with the weights at `d`. */
@inline
function logitOf(state: usize, d: usize): f32 {
  const bytes = <usize>P << 2;
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0);
  for (let j: usize = 0; j < bytes; j += 32) {
    s0 = f32x4.relaxed_madd(v128.load(state + j), v128.load(d + j), s0);
    s1 = f32x4.relaxed_madd(v128.load(state + j, 16), v128.load(d + j, 16), s1);
  }
  s0 = f32x4.add(s0, s1);
  return f32x4.extract_lane(s0, 0) + f32x4.extract_lane(s0, 1) + f32x4.extract_lane(s0, 2) + f32x4.extract_lane(s0, 3)
    + load<f32>(dense() + bytes);
}

@inline
function probabilityOf(logit: f64): f64 {
  const small = Math.exp(-Math.abs(logit));
  return logit >= 0 ? 1 / (1 + small) : small / (1 + small);
}

/**
 * States of all nodes and the probability at each terminal.
 * @returns binary cross-entropy summed over the weights of the examples, in nats.
 */
export function forward(internal: i32, nodes: i32, depths: i32, terminals: i32): f64 {
  const p = <usize>P << 2;
  const g = rowBytes();
  const r = recurrent();
  const panels = P * gatesOf >> 4;
  memory.fill(cells, 0, p);
  memory.fill(states, 0, p);
  memory.fill(rows, 0, g);
  if (isRich()) project(1, nodes);
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
    let d = dense();
    if (isDropping) {
      const masked = maskedDense + <usize>e * p;
      const mask = masks + <usize>e * p;
      for (let j: usize = 0; j < p; j += 16) v128.store(masked + j, f32x4.mul(v128.load(d + j), v128.load(mask + j)));
      d = masked;
    }
    const logit = <f64>logitOf(states + <usize>load<u32>(terminalNodes + at) * p, d);
    const positives = <f64>load<f32>(terminalPositives + at);
    store<f32>(probabilities + at, <f32>probabilityOf(logit));
    // −log p = softplus(−logit), −log(1−p) = softplus(logit).
    const softplus = Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(logit, 0);
    loss += <f64>load<f32>(terminalCounts + at) * softplus - positives * logit;
  }
  return loss;
}

/** Gradients of the mean loss by every weight, after `forward` on the same nodes. */
export function backward(internal: i32, nodes: i32, depths: i32, terminals: i32): void {
  const p = <usize>P << 2;
  const g = rowBytes();
  const gBias = gradients + (bias() - weights);
  const gDense = gradients + (dense() - weights);
  memory.fill(gradients, 0, weightBytes());
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
    const mask = masks + <usize>e * p;
    for (let j: usize = 0; j < p; j += 32) {
      let h0 = v128.load(state + j), h1 = v128.load(state + j, 16);
      if (isDropping) {
        h0 = f32x4.mul(h0, v128.load(mask + j));
        h1 = f32x4.mul(h1, v128.load(mask + j, 16));
      }
      add8(gDense + j, f32x4.mul(s, h0), f32x4.mul(s, h1));
    }
  }
  store<f32>(gDense + p, <f32>sum);
  gatesBackward(internal, nodes, false);
  for (let d = depths - 1; d >= 0; d--) {
    const first = load<i32>(levels + (<usize>d << 2));
    const last = load<i32>(levels + (<usize>d << 2), 4);
    multiply(rows + <usize>first * g, g, transposed, P * gatesOf, stateGradients + <usize>first * p, p, P >> 4, last - first);
    gatesBackward(first, last, true);
  }
  // The root's state is 0 and adds nothing.
  if (internal > 1) {
    multiplyTransposed(states + p, p, P, rows + g, g, P * gatesOf >> 4, gradients + (recurrent() - weights), internal - 1);
  }
  // Every step has one token, so the bias's gradient is the sum of the token's rows.
  for (let t = 0; t < tokenRows; t++) {
    const from = gradients + <usize>t * g;
    for (let j: usize = 0; j < g; j += 32) {
      add8(gBias + j, v128.load(from + j), v128.load(from + j, 16));
    }
  }
  if (isRich()) projectBack(1, nodes);
}

@inline
function gatesBackward(first: i32, last: i32, isInternal: bool): void {
  if (gatesOf == 4) lstmBackward(first, last, isInternal);
  else gruBackward(first, last, isInternal);
}

/** Gradients of the rows of categories and of the numbers' matrix; `projected` holds those of the gates by then. */
function projectBack(first: i32, last: i32): void {
  const g = rowBytes();
  for (let n = first; n < last; n++) {
    const from = projected + <usize>n * g;
    const picked = rowsOf + (<usize>(n * categories) << 2);
    for (let c = 0; c < categories; c++) {
      const row = gradients + <usize>load<u32>(picked + (<usize>c << 2)) * g;
      for (let j: usize = 0; j < g; j += 32) add8(row + j, v128.load(from + j), v128.load(from + j, 16));
    }
  }
  if (numbers == 0) return;
  const wide = <usize>numbers << 2;
  multiplyTransposed(
    numbersOf + <usize>first * wide, wide, numbers, projected + <usize>first * g, g, P * gatesOf >> 4,
    gradients + (numberPanels() - weights), last - first,
  );
}

/** Forgets the sequence that `step` went along. */
export function begin(): void {
  const p = <usize>P << 2;
  memory.fill(states, 0, p);
  memory.fill(cells, 0, p);
  memory.fill(rows, 0, rowBytes());
  store<u32>(parents, 0);
}

/** One event more, at place 0 of `tokens`, `rowsOf` and `numbersOf`: the state before becomes the state after, in place. */
export function step(): void {
  const p = <usize>P << 2;
  const g = rowBytes();
  multiply(states, p, recurrent(), P, rows, g, P * gatesOf >> 4, 1);
  if (isRich()) project(0, 1);
  gatesForward(0, 1);
}

/** The probability in the state that `step` has come to. */
export function answer(): f32 {
  return <f32>probabilityOf(<f64>logitOf(states, dense()));
}

/** The probability of one sequence of `length` events, at `tokens`, `rowsOf` and `numbersOf`: no trie, states in place. */
export function scoreOne(length: i32): f32 {
  const p = <usize>P << 2;
  const g = rowBytes();
  const r = recurrent();
  const panels = P * gatesOf >> 4;
  const rich = isRich();
  begin();
  if (rich) project(0, length);
  for (let n = 0; n < length; n++) {
    if (n > 0) {
      multiply(states, p, r, P, rows, g, panels, 1);
      if (rich) memory.copy(projected, projected + <usize>n * g, g);
      else store<u32>(tokens, load<u32>(tokens + (<usize>n << 2)));
    }
    gatesForward(0, 1);
  }
  return answer();
}
