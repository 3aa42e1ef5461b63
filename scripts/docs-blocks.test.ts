import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { blocksOf, isTried, pages, readBlocks } from './docs-blocks.ts';
import { SHORT_PAGES, TRIED, freshFolder, runPage, writeBlock } from './run-pages.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

it('finds the blocks of a page', () => {
  const text = ['# x', '```ts file=a.ts', 'const a = 1;', '```', '', '```sh', 'ls', '```'].join('\n');
  expect(blocksOf('p.md', text)).toEqual([
    { page: 'p.md', line: 2, language: 'ts', words: ['file=a.ts'], text: 'const a = 1;' },
    { page: 'p.md', line: 6, language: 'sh', words: [], text: 'ls' },
  ]);
});

it('refuses a block that is never closed', () => {
  expect(() => blocksOf('p.md', '# x\n```sh\nls')).toThrow('p.md:2 opens a block');
});

it('tries as many blocks of each page as there should be', () => {
  const counts = pages(root).map((page) => [page, readBlocks(root, page).filter(isTried).length] as const);
  expect(Object.fromEntries(counts.filter(([, count]) => count > 0))).toEqual(TRIED);
});

it.concurrent.for(SHORT_PAGES)('%s runs as written', { timeout: 120_000 }, (page) => runPage(page));

it('the TypeScript of every page has sound types', { timeout: 120_000 }, async () => {
  const folder = freshFolder();
  for (const page of Object.keys(TRIED)) {
    for (const block of readBlocks(root, page)) {
      if (block.language === 'ts') writeBlock(join(folder, 'pages', page), block);
    }
  }
  const declarations = join(root, 'packages/smallboat/src/**/*.d.ts');
  const tsconfig = { extends: join(root, 'tsconfig.json'), include: ['pages/**/*.ts', declarations], exclude: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  const said = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).then(
    () => '',
    (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)),
  );
  expect(said).toBe('');
  rmSync(folder, { recursive: true, force: true });
});
