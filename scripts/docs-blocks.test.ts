import { execFile } from 'node:child_process';
import { mkdtempSync, symlinkSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { blocksOf, pages, readBlocks } from './docs-blocks.ts';

const root = join(import.meta.dirname, '..');
const run = promisify(execFile);

it('finds the blocks of a page', () => {
  const text = ['# x', '```ts file=a.ts', 'const a = 1;', '```', '', '```sh', 'ls', '```'].join('\n');
  expect(blocksOf('p.md', text)).toEqual([
    { page: 'p.md', line: 2, language: 'ts', words: ['file=a.ts'], text: 'const a = 1;' },
    { page: 'p.md', line: 6, language: 'sh', words: [], text: 'ls' },
  ]);
});

/** The blocks of a page run in order in one fresh folder, as a reader would type them. */
it.for(pages(root))('%s runs as written', { timeout: 120_000 }, async (page) => {
  const blocks = readBlocks(root, page).filter(
    (b) => !b.words.includes('elsewhere') && ['ts', 'sh', 'yaml', 'json', 'sql', 'csv'].includes(b.language),
  );
  if (blocks.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-docs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'apps'), join(folder, 'apps'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`, CI: 'true' };
  for (const block of blocks) {
    const file = block.words.find((w) => w.startsWith('file='))?.slice(5);
    const where = `${block.page}:${block.line}`;
    if (file !== undefined) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), block.text);
    } else if (block.language === 'sh') {
      await run('bash', ['-e', '-o', 'pipefail', '-c', block.text], { cwd: folder, env, maxBuffer: 1 << 26 }).catch(
        (error: unknown) => {
          throw new Error(`${where} failed`, { cause: error });
        },
      );
    } else if (block.language === 'ts') {
      const script = join(folder, `block-${block.line}.ts`);
      writeFileSync(script, block.text);
      await run('node', [script], { cwd: folder, env }).catch((error: unknown) => {
        throw new Error(`${where} failed`, { cause: error });
      });
    }
  }
  expect(existsSync(folder)).toBe(true);
});
