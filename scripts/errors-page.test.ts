import { readFile, readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';

const root = new URL('../', import.meta.url);

/** Where errors are declared: the package's rooms, and the application. */
const PLACES = ['packages/smallboat/src/', 'apps/intent/'];

/** The codes that a module declares: its exports are looked through for tables made by `defineErrors`. */
async function codesOf(file: string): Promise<string[]> {
  const code = await readFile(new URL(file, root), 'utf8');
  if (!code.includes('defineErrors(')) return [];
  const module = (await import(new URL(file, root).href)) as Readonly<Record<string, unknown>>;
  const tables = Object.values(module).filter((x): x is object => typeof x === 'object' && x !== null);
  return tables.flatMap((table) =>
    Object.values(table).flatMap((kind: unknown) =>
      typeof kind === 'function' && 'code' in kind ? [String(kind.code)] : [],
    ),
  );
}

async function declaredCodes(): Promise<string[]> {
  const lists = await Promise.all(
    PLACES.map(async (place) =>
      (await readdir(new URL(place, root), { recursive: true }))
        .filter((f) => /(?<!\.test)\.ts$/.test(f) && !/assembly\/|node_modules\//.test(f))
        .map((f) => place + f),
    ),
  );
  return (await Promise.all(lists.flat().map(codesOf))).flat();
}

it('docs/errors.md has a heading for every code, and no other', async () => {
  const page = await readFile(new URL('docs/errors.md', root), 'utf8');
  const documented = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map((m) => m[1]);
  expect(new Set(documented)).toEqual(new Set(await declaredCodes()));
});

it('no code is used twice', async () => {
  const codes = await declaredCodes();
  expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
});
