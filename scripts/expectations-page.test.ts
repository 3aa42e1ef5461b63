import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { kindsByType } from '../packages/smallboat/src/quality/core/core.ts';

it('docs/expectations.md lists every type of expectation, and no other', async () => {
  const page = await readFile(new URL('../docs/expectations.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, type]) => type));
  const spelt = 'expect_column_pair_values_A_to_be_greater_than_B'; // the older spelling of one that is listed
  expect(new Set(listed)).toEqual(new Set([...kindsByType().keys()].filter((type) => type !== spelt)));
});
