import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { isFlow } from '../compose/flow.ts';
import { codeOfSteps } from './code-of-steps.ts';

const room = pathToFileURL(join(import.meta.dirname, '../index.ts')).href;

const FILES = {
  'flow.ts': `
import { flow, step } from '${room}';
import { double, other } from './math.ts';
import query from './query.sql' with { type: 'text' };
const scale = 3;
const first = step('first', { run: () => ({ x: double(2) }) });
export const second = step('second', { run: ({ x }: { x: number }) => ({ x: x * scale }) });
const third = step('third', { run: ({ x }: { x: number }) => ({ x: other(x) }) });
export const f = flow('F', {}, () => third({ x: second.as('again')({ x: second({ x: first({}).x }).x }).x }));
`,
  'math.ts': `export const double = (x: number): number => 2 * x;\nexport const other = (x: number): number => -x;\n`,
};

let imports = 0;
async function codes(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-code-'));
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  imports += 1;
  const module = (await import(`${pathToFileURL(join(folder, 'flow.ts')).href}?${imports}`)) as Record<string, unknown>;
  const found = Object.values(module).find(isFlow);
  if (!found) throw new Error('no flow');
  const made = await codeOfSteps(found.dag());
  return Object.fromEntries(
    [...made].map(([name, { hash, files: read }]) => [
      name,
      { hash, files: Object.keys(read).map((file) => relative(folder, file)) },
    ]),
  );
}

const plain = (text: string): string => text.replace(/^import query.*$/m, '');
const base = { ...FILES, 'flow.ts': plain(FILES['flow.ts']) };
const changed = async (file: keyof typeof base, from: string, to: string): Promise<string[]> => {
  const [before, after] = [await codes(base), await codes({ ...base, [file]: base[file].replace(from, to) })];
  return Object.keys(before).filter((name) => before[name]?.hash !== after[name]?.hash);
};

it('knows which files a step reaches', async () => {
  const made = await codes(base);
  expect(Object.fromEntries(Object.entries(made).map(([name, { files }]) => [name, files]))).toEqual({
    first: ['flow.ts', 'math.ts'],
    second: ['flow.ts'],
    again: ['flow.ts'],
    third: ['flow.ts', 'math.ts'],
  });
});

it('does not change where nothing did, wherever the files lie', async () => {
  const [a, b] = [await codes(base), await codes(base)];
  expect(a).toEqual(b);
});

it.each([
  ['a body', 'flow.ts', 'double(2)', 'double(3)', ['first']],
  ['a constant that one body reads', 'flow.ts', 'scale = 3', 'scale = 4', ['second', 'again']],
  ['a function of another file', 'math.ts', '2 * x', '2.5 * x', ['first']],
  ['the wiring', 'flow.ts', 'second({ x: first', 'second({ y: 1, x: first', []],
  ['a comment', 'flow.ts', 'const scale', '// so\nconst scale', []],
] as const)('changes for those that %s concerns', async (...[, file, from, to, names]) => {
  expect(await changed(file, from, to)).toEqual(names);
});

it('counts all of a file where a step is made by a function', async () => {
  const flow = `
import { flow, step } from '${room}';
const make = (name: string) => step(name, { run: () => ({ x: 1 }) });
const unrelated = () => 5;
export const f = flow('F', {}, () => make('made')({}));
export const kept = unrelated;
`;
  const [a, b] = [await codes({ 'flow.ts': flow }), await codes({ 'flow.ts': flow.replace('5', '6') })];
  expect(a['made']?.hash).not.toBe(b['made']?.hash);
});

it('says where code cannot be put together', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-code-'));
  await writeFile(join(folder, 'gone.ts'), 'export const x = 1;');
  const node = { name: 's', scope: [], after: [], inputs: {}, waitFor: [], options: {}, run: () => ({}) };
  const file = join(folder, 'broken.ts');
  await writeFile(file, 'const s = step("s", {');
  await expect(
    codeOfSteps({ flow: 'F', steps: [{ ...node, site: { file, line: 1 } }], regions: [] }),
  ).rejects.toMatchObject({
    code: 'CODE_UNREADABLE',
  });
});
