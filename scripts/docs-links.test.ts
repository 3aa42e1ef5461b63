import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pages } from './docs-blocks.ts';
import { anchorsOf, brokenLinks, missingFiles } from './docs-links.ts';

const root = join(import.meta.dirname, '..');

it('names anchors as hosts of Markdown do', () => {
  const text = '# A page\n## Metrics, baselines, gate\n```sh\n# no heading\n```\n### `TAKEN_OUT`';
  expect([...anchorsOf(text)]).toEqual(['a-page', 'metrics-baselines-gate', 'taken_out']);
});

it.for(['ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages(root)])('links of %s lead somewhere', (page) => {
  expect(brokenLinks(root, page)).toEqual([]);
});

it.for(['ARCHITECTURE.md', ...pages(root)])('%s names no source file that is not there', (page) => {
  expect(missingFiles(root, page)).toEqual([]);
});

it('every page is in the index', () => {
  const index = readFileSync(join(root, 'docs/README.md'), 'utf8');
  const others = pages(root).flatMap((page) => (page.startsWith('docs/') ? [page.slice('docs/'.length)] : []));
  expect(others.filter((page) => page !== 'README.md' && !index.includes(`](${page})`))).toEqual([]);
});
