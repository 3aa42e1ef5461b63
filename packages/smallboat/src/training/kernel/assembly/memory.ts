// Sizes and addresses (bytes) that the host sets once, or for each batch; `kernel/kernel.ts` lays them out, each aligned to 64 bytes.
//
// Nodes of the trie are numbered so that every loop is long:
//   0               the root, the empty prefix: h = c = 0
//   1 … I-1         internal nodes (they have children), by depth
//   I … N-1         leaves, in any order
// so the states of internal nodes are one matrix, h·R is computed once a parent and not once a child, and the
// gradient of R is one product, Hᵀ·DZ, over all internal nodes of the batch.
//
// `P` is the number of units padded to a multiple of 16 (padded weights are 0 and stay 0). `G` = `gatesOf`·P floats a row:
// for each 8 units, 8 values of each gate (LSTM i, f, c, o; GRU r, z, n). A product's right side is stored in panels of
// 16 columns, [panel][k][16], so that the inner loop reads it in order.

export let P: i32 = 0;
/** 4 for an LSTM, 3 for a GRU. */
export let gatesOf: i32 = 4;
/** Input rows: one a token, then one for each value of each category. The tokens come first. */
export let inputRows: i32 = 0;
/** Categories of an event beside its token; each picks one input row. */
export let categories: i32 = 0;
/** Numbers of an event, padded to a multiple of 8 (padding is 0). */
export let numbers: i32 = 0;
/** 1 / weight of the batch's examples: the loss is a mean. */
export let scale: f64 = 1;
/** Whether terminals have masks that drop units. */
export let isDropping: i32 = 0;
/** Parameters: [inputRows × G], [G/16][numbers][16], [G/16][P][16] recurrent, [G] bias, [P] recurrent bias (GRU), [P] dense, [16] dense bias. */
export let weights: usize = 0;
export let gradients: usize = 0;
export let moments1: usize = 0;
export let moments2: usize = 0;
/** [tokens × G] input + bias; [P/16][G][16] the recurrent matrix transposed. Both made by `refresh`. */
export let tokenRows: i32 = 0;
export let inputBias: usize = 0;
export let transposed: usize = 0;
/** By node: parent (u32), token (u32), gradient of the loss by the logit (f32), terminal + 1 or 0 (u32). */
export let parents: usize = 0;
export let tokens: usize = 0;
export let slopes: usize = 0;
export let terminalAt: usize = 0;
/** By node, where there are categories or numbers: input rows (u32) [categories], numbers [numbers], and what they give [G]. */
export let rowsOf: usize = 0;
export let numbersOf: usize = 0;
export let projected: usize = 0;
/** By node: gates [G], tanh of the cell [P] (GRU: h·Rn + bn), cell [P] (LSTM), state [P]. */
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
/** By terminal: node (u32), weight of the examples that end there (f32), of those that are positive (f32), probability out (f32). */
export let terminalNodes: usize = 0;
export let terminalCounts: usize = 0;
export let terminalPositives: usize = 0;
export let probabilities: usize = 0;
/** By terminal, where units are dropped: 0 or 1 / (1 − rate) [P], and that times the dense weights [P]. */
export let masks: usize = 0;
export let maskedDense: usize = 0;

/** The first free address: below it lie the tables of the mathematical functions. */
export function firstFree(): usize { return __heap_base; }

/** Bytes of a row of gates. */
@inline
export function rowBytes(): usize { return <usize>(P * gatesOf) << 2; }
@inline
export function numberPanels(): usize { return weights + <usize>inputRows * rowBytes(); }
@inline
export function recurrent(): usize { return numberPanels() + <usize>numbers * rowBytes(); }
@inline
export function bias(): usize { return recurrent() + <usize>P * rowBytes(); }
@inline
export function recurrentBias(): usize { return bias() + rowBytes(); }
@inline
export function dense(): usize { return recurrentBias() + (gatesOf == 3 ? <usize>P << 2 : 0); }
@inline
export function weightBytes(): usize { return dense() - weights + (<usize>P << 2) + 64; }
/** True where an event has more than its token. */
@inline
export function isRich(): bool { return categories + numbers > 0; }
