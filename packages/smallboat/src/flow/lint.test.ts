import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { isFlow } from './compose/flow.ts';
import { describeFinding, lintFlows } from './lint.ts';

const room = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;
const zod = import.meta.resolve('zod');

async function findings(source: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-lint-'));
  const path = join(folder, 'flow.ts');
  const imports = `import * as z from '${zod}';\nimport { each, flow, gang, step } from '${room}';\n`;
  await writeFile(path, imports + source);
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  return lintFlows(Object.values(module).filter(isFlow)).map((finding) => describeFinding(finding, folder));
}

it('names what no flow reaches and what no step reads, with file and line', async () => {
  expect(
    await findings(`
const used = step('used', { run: ({ n }: { n: number }) => ({ n }) });
const forgotten = step('forgotten', { run: () => ({}) });
export const f = flow(
  'F',
  { n: z.number().default(1), left: z.string().default('x'), list: z.array(z.number()).default([]) },
  ({ n, list }) => used.as('last')({ n: each(list, () => used({ n })) as never }),
);`),
  ).toEqual([
    "flow.ts:6: warning: parameter 'left' of flow 'F' is never read. Hand it to a step, or take it out.",
    "flow.ts:5: warning: step 'forgotten' is never reached: no flow calls it. Call it in a flow's wiring, or take it out.",
  ]);
});

it('names a default that cannot be stored, and names that differ in capitals only', async () => {
  const [first, second] = await findings(`
const a = step('load', { run: ({ m }: { m: unknown }) => ({ m }) });
export const f = flow('F', { m: z.custom<object>().default(() => new URL('http://x')) }, ({ m }) =>
  a.as('Load')({ m: a({ m }).m }));`);
  expect(first).toMatch(/^flow.ts:5: error: the default of parameter 'm' of flow 'F' cannot be stored: /);
  expect(second).toMatch(/^flow.ts:4: warning: steps 'load' and 'Load' of flow 'F' differ in capitals only/);
});

it('names a gang of one', async () => {
  const [first] = await findings(`
const part = step('part', { run: () => ({ n: 1 }) });
export const f = flow('F', {}, () => gang(1, () => part({})));`);
  expect(first).toMatch(/^flow.ts:4: warning: step 'part' of flow 'F' is in a gang\(\) of one task/);
});

it('finds nothing in a flow that is as it should be', async () => {
  expect(
    await findings(`
const make = step('make', { run: () => ({ xs: [1] }) });
const use = step('use', { run: ({ x }: { x: number }) => ({ x }) });
export const f = flow('F', { times: z.number().default(1) }, ({ times }) => {
  const { xs } = make({});
  return use.as('sum')({ x: each(xs, (x) => use({ x }, { after: [times] })) as never });
});`),
  ).toEqual([]);
});
