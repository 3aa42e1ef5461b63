import { join } from 'node:path';

/** Flows of 1 and 20 steps in a line, and of 1 and 200 tasks side by side, as the file of a program: what a step costs is the difference. */
export const LINE_AND_WIDE = `import { each, flow, step } from ${JSON.stringify(join(import.meta.dirname, '../../packages/smallboat/src/flow/index.ts'))};
const add = step('add', { retry: { times: 1 }, run: ({ n }) => ({ n: n + 1 }) });
const list = step('list', { run: ({ count }) => ({ xs: Array.from({ length: count }, (_, i) => i) }) });
const square = step('square', { retry: { times: 1 }, run: ({ x }) => ({ y: x * x }) });
const line = (count) => flow('Line' + count, {}, () => {
  let made = add.as('s0')({ n: 0 });
  for (let i = 1; i < count; i += 1) made = add.as('s' + i)({ n: made.n });
  return made;
});
export const line1 = line(1);
export const line20 = line(20);
const wide = (count) => flow('Wide' + count, {}, () => each(list({ count }).xs, (x) => square({ x })));
export const wide1 = wide(1);
export const wide200 = wide(200);
`;
