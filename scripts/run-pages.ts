import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Block, fileOf, isTried, readBlocks } from './docs-blocks.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const run = promisify(execFile);

/** How many blocks each page has tried, so that none drops out unseen. Pages without any are not here. */
export const TRIED: Readonly<Record<string, number>> = {
  'README.md': 1,
  'docs/artifacts.md': 4,
  'docs/cards.md': 7,
  'docs/compute.md': 6,
  'docs/configuration.md': 3,
  'docs/data.md': 6,
  'docs/dataset.md': 4,
  'docs/deploy.md': 3,
  'docs/flows.md': 12,
  'docs/monitoring.md': 6,
  'docs/orchestrate.md': 4,
  'docs/quality.md': 8,
  'docs/running.md': 7,
  'docs/runs.md': 4,
  'docs/serving.md': 5,
  'docs/stores.md': 2,
  'docs/tracking.md': 10,
  'docs/training.md': 3,
  'docs/transform.md': 8,
  'docs/warehouses.md': 1,
};

/** Pages that are tried with the unit tests; all others, which take longer, with the tests beside other programs. */
export const SHORT_PAGES: readonly string[] = ['README.md', 'docs/flows.md', 'docs/training.md', 'docs/warehouses.md'];

/** A reader's folder: the packages installed, the application at hand, and nothing else. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'smallboat-docs-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync(join(root, 'apps'), join(folder, 'apps'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

/** Writes a block down as the file that it is, or that it can be run as; gives the path. */
export function writeBlock(folder: string, block: Block): string {
  const path = join(folder, fileOf(block) ?? `block-${block.line}.${block.language}`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, block.text);
  return path;
}

/**
 * Runs the blocks of a page in order in one fresh folder, as a reader would type them. Rejects at the first that fails.
 *
 * @param surroundings Variables that the page takes for granted.
 */
export async function runPage(page: string, surroundings: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = freshFolder();
  const env = { ...process.env, ...surroundings, PATH: `${bin}:${process.env['PATH'] ?? ''}`, CI: 'true' };
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
}
