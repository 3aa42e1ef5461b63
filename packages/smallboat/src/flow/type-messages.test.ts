import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rm } from 'node:fs/promises';

/** What a person reads where the compiler refuses a flow: each mistake on a line of its own, with the words that its first message must have. */
const MISTAKES: readonly (readonly [code: string, words: string])[] = [
  [
    `load({ tabel: table });`,
    `'tabel' does not exist in type 'Wired<{ table: string; }>'. Did you mean to write 'table'?`,
  ],
  [`train({ rows: load({ table }).rows });`, `Property 'rate' is missing`],
  [
    `void load({ table }).row;`,
    `Property 'row' does not exist on type 'Outputs<{ rows: string[]; }>'. Did you mean 'rows'?`,
  ],
  [
    `train({ rows: load({ table }).rows, rate: table });`,
    `Type 'Ref<string>' is not assignable to type 'number | Ref<number>'`,
  ],
  [
    `each(table, (t) => load({ table: t }));`,
    `Argument of type 'Ref<string>' is not assignable to parameter of type 'readonly`,
  ],
  [
    `step('bad', { run: () => ({ predict: () => 1 }) });`,
    `Artifact 'predict' cannot be stored: it is or holds a function, a symbol or a promise. Return plain data.`,
  ],
  [`step('bad', { run: () => ({ model: new Model() }) });`, `Artifact 'model' cannot be stored`],
  [`step('bad', { run: () => ({ later: Promise.resolve(1) }) });`, `Artifact 'later' cannot be stored`],
  [`match(kind, { small: () => load({ table }) });`, `match() has no case for 'large'. Add it, or add 'otherwise'.`],
  [`match(table, { small: () => load({ table }) });`, `match() on any text needs the case 'otherwise'.`],
  [
    `when(table, () => load({ table }));`,
    `Argument of type 'Ref<string>' is not assignable to parameter of type 'Ref<boolean>'`,
  ],
  [
    `repeat({ rows: load({ table }).rows, rate: 1 }, (s) => train(s), { while: (m) => m.more });`,
    `Property 'rows' is missing in type '{ rate: number; more: boolean; }'`,
  ],
  [`step('bad', { retries: 3, run: () => ({}) });`, `'retries' does not exist`],
  [`flow('F', { n: z.number() }, ({ m }) => load({ table: m }));`, `Property 'm' does not exist on type`],
  [`flow('F', {}, async () => load({ table: 'x' }));`, `is missing the following properties from type 'Ref<unknown>'`],
];

// Not at the start of a line: what looks for imports of this house reads lines.
const setup = ` import * as z from 'zod';
 import { type Ref, each, flow, match, repeat, step, when } from '../index.ts';
class Model { predict(): number { return 1; } }
const load = step('load', { run: ({ table }: { table: string }) => ({ rows: [table] }) });
const train = step('train', { run: ({ rows, rate }: { rows: readonly string[]; rate: number }) => ({ rate, more: rows.length > 1 }) });
declare const table: Ref<string>;
declare const kind: Ref<'small' | 'large'>;
void [z, each, flow, match, repeat, when, Model, load, train];
`;

const root = join(import.meta.dirname, '../../../..');
let folder = '';
let messages: Map<number, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, 'messages-'));
  await writeFile(join(folder, 'mistakes.ts'), setup + MISTAKES.map(([code]) => code).join('\n'));
  const options = { extends: join(root, 'tsconfig.json'), include: ['mistakes.ts'], exclude: [] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options));
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', folder, '--pretty', 'false']).catch(
    (failed: { stdout: string }) => failed,
  );
  messages = new Map();
  for (const [, line, text] of stdout.matchAll(/mistakes\.ts\((\d+),\d+\): error TS\d+: ((?:.|\n(?! ?\S*\.ts\())*)/g)) {
    const at = Number(line);
    messages.set(at, `${messages.get(at) ?? ''}${text ?? ''}\n`);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(MISTAKES.map(([code, words], i) => [code, words, i] as const))('%s', (_, words, i) => {
  expect(messages.get(setup.split('\n').length + i)).toContain(words);
});
