import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page: its language, the words behind it, and where it stands. */
export interface Block {
  readonly page: string;
  /** Of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** `file=hello.ts`: the block is that file. `elsewhere`: needs what a test machine lacks, so it is not run. */
  readonly words: readonly string[];
  readonly text: string;
}

/** The fenced blocks of a Markdown text, in order. Throws on a block that is never closed: it would hide what follows. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const fence = /^```(\S*) ?(.*)$/.exec(lines[i] ?? '');
    if (!fence) continue;
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${page}:${i + 1} opens a block that is not closed`);
    const text = lines.slice(i + 1, end).join('\n');
    blocks.push({
      page,
      line: i + 1,
      language: fence[1] ?? '',
      words: (fence[2] ?? '').split(' ').filter(Boolean),
      text,
    });
    i = end;
  }
  return blocks;
}

/** The name of the file that a block is, if it says `file=`. */
export function fileOf(block: Block): string | undefined {
  return block.words.find((w) => w.startsWith('file='))?.slice('file='.length);
}

/** Whether the test does something with the block: runs it, or writes it down as the file it is. */
export function isTried(block: Block): boolean {
  if (block.words.includes('elsewhere')) return false;
  return fileOf(block) !== undefined || block.language === 'sh' || block.language === 'ts';
}

/** Every page whose blocks are checked: the README, and `docs/`. */
export function pages(root: string): readonly string[] {
  const docs = readdirSync(join(root, 'docs')).filter((f) => f.endsWith('.md'));
  return ['README.md', ...docs.map((f) => join('docs', f))];
}

export function readBlocks(root: string, page: string): readonly Block[] {
  return blocksOf(page, readFileSync(join(root, page), 'utf8'));
}
