import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';

const src = new URL('./', import.meta.url);

/** The codes that a module declares: its exports are looked through for tables made by `defineErrors`. */
async function codesOf(file: string): Promise<string[]> {
  const code = await readFile(new URL(file, src), 'utf8');
  if (!code.includes('defineErrors(')) return [];
  const module = (await import(new URL(file, src).href)) as Readonly<Record<string, unknown>>;
  const tables = Object.values(module).filter((x): x is object => typeof x === 'object' && x !== null);
  return tables.flatMap((table) =>
    Object.values(table).flatMap((kind: unknown) =>
      typeof kind === 'function' && 'code' in kind ? [String(kind.code)] : [],
    ),
  );
}

async function declaredCodes(): Promise<string[]> {
  const files = (await readdir(src, { recursive: true })).filter(
    (f) => /(?<!\.test)\.ts$/.test(f) && !f.includes('assembly/'),
  );
  return (await Promise.all(files.map(codesOf))).flat();
}

it('docs/errors.md has a heading for every code, and no other', async () => {
  const page = await readFile(new URL('../../../docs/errors.md', src), 'utf8');
  const documented = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map((m) => m[1]);
  expect(documented.toSorted()).toEqual([...new Set(await declaredCodes())].toSorted());
});

it('no code is used twice', async () => {
  const codes = await declaredCodes();
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
});
