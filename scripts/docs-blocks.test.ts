import { execFile } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Block } from './docs-blocks.ts';
import { blocksOf, fileOf, isTried, pages, readBlocks } from './docs-blocks.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const run = promisify(execFile);

/** How many blocks each page has tried, so that none drops out unseen. Pages without any are not here. */
const TRIED: Readonly<Record<string, number>> = {
  'README.md': 1,
  'docs/artifacts.md': 3,
  'docs/cards.md': 7,
  'docs/compute.md': 6,
  'docs/configuration.md': 3,
  'docs/data.md': 6,
  'docs/dataset.md': 4,
  'docs/deploy.md': 3,
  'docs/flows.md': 10,
  'docs/monitoring.md': 2,
  'docs/quality.md': 8,
  'docs/running.md': 7,
  'docs/runs.md': 4,
  'docs/serving.md': 5,
  'docs/tracking.md': 5,
  'docs/training.md': 1,
  'docs/transform.md': 7,
  'docs/warehouses.md': 1,
};

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

/** A reader's folder: the packages installed, the application at hand, and nothing else. */
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-docs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'apps'), join(folder, 'apps'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

/** Writes a block down as the file that it is, or that it can be run as; gives the path. */
function writeBlock(folder: string, block: Block): string {
  const path = join(folder, fileOf(block) ?? `block-${block.line}.${block.language}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text);
  return path;
}

/** The blocks of a page run in order in one fresh folder, as a reader would type them. */
it.concurrent.for(Object.keys(TRIED))('%s runs as written', { timeout: 300_000 }, async (page) => {
  const folder = freshFolder();
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, CI: 'true' };
  for (const block of readBlocks(root, page).filter(isTried)) {
    const path = writeBlock(folder, block);
    if (fileOf(block) !== undefined) continue;
    const [command, args] =
      block.language === 'sh' ? (['bash', ['-e', '-o', 'pipefail', path]] as const) : (['node', [path]] as const);
    await run(command, args, { cwd: folder, env, maxBuffer: 1 << 26 }).catch((error: unknown) => {
      throw new Error(`${block.page}:${block.line} failed`, { cause: error });
    });
  }
  rmSync(folder, { recursive: true, force: true });
});

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
  const said = await run(join(bin, 'tsc'), ['-p', folder]).then(
    () => '',
    (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)),
  );
  expect(said).toBe('');
  rmSync(folder, { recursive: true, force: true });
});
