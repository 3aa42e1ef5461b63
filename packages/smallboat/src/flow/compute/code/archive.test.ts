import { mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { unpack } from '../task/bootstrap.ts';
import { packArchive, unpackArchive } from './archive.ts';

const name = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_@+-][\w.@+-]{0,70}$/), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join('/'))
  .filter((path) => path.length < 400);
const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 2000 })), {
  selector: ([path]) => path.toLowerCase(),
  maxLength: 8,
});

/** Without files that would lie in the place of another's folder. */
const apart = (all: readonly (readonly [string, Uint8Array])[]) =>
  new Map(all.filter(([path]) => !all.some(([other]) => other.toLowerCase().startsWith(`${path.toLowerCase()}/`))));

it('comes out of the bootstrap’s own reader as it went in, and out of the library’s', async () => {
  await fc.assert(
    fc.asyncProperty(files.map(apart), async (made) => {
      const bytes = await packArchive(made);
      const folder = mkdtempSync(join(tmpdir(), 'smallboat-archive-'));
      unpack(bytes, folder);
      for (const [path, content] of made) expect(new Uint8Array(readFileSync(join(folder, path)))).toEqual(content);
      const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(all).toHaveLength(made.size);
      const again = await unpackArchive(bytes);
      expect(new Map([...again].map(([path, content]) => [path, Uint8Array.from(content)]))).toEqual(made);
    }),
    { numRuns: 40 },
  );
});

it('has the same bytes whatever order the files came in', async () => {
  const one = new Map([
    ['a', Uint8Array.of(1)],
    ['b/c', Uint8Array.of(2)],
  ]);
  expect(await packArchive(one)).toEqual(await packArchive(new Map([...one].reverse())));
});

it('is not let out of its folder', async () => {
  const bytes = await packArchive(new Map([['../../escaped', Uint8Array.of(1)]]));
  expect(() => unpack(bytes, mkdtempSync(join(tmpdir(), 'smallboat-archive-')))).toThrow(/leads out/);
});
