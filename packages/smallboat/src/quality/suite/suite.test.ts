import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { defineExpectation } from '../kind.ts';
import { readSuite } from './suite.ts';

const notNull = { column: 'id' };

it('reads a suite of version 0.13 and one of 1.x as the same', async () => {
  const old = await readSuite({
    data_asset_type: null,
    expectation_suite_name: 's',
    expectations: [{ expectation_type: 'expect_column_values_to_not_be_null', kwargs: notNull, meta: {} }],
    meta: { great_expectations_version: '0.13.19' },
  });
  const current = await readSuite({
    name: 's',
    id: 'x',
    notes: null,
    expectations: [{ type: 'expect_column_values_to_not_be_null', kwargs: notNull, severity: 'critical', meta: {} }],
    meta: { great_expectations_version: '1.24.1' },
  });
  expect(old.expectations).toEqual(current.expectations);
  expect([old.name, current.name]).toEqual(['s', 's']);
});

describe('what is wrong with a suite', () => {
  const one = (type: string, kwargs: object) => ({ name: 's', expectations: [{ type, kwargs }] });

  it.each([
    [
      'a type that is nearly one',
      one('expect_column_values_to_be_not_null', notNull),
      'EXPECTATION_UNKNOWN',
      'did you mean expect_column_values_to_',
    ],
    ['a type from nowhere', one('frobnicate', {}), 'EXPECTATION_UNKNOWN', 'docs/expectations.md'],
    ['a missing argument', one('expect_column_values_to_be_in_set', notNull), 'EXPECTATION_INVALID', 'value_set'],
    [
      'a misspelt argument',
      one('expect_column_values_to_not_be_null', { column: 'id', mostley: 0.5 }),
      'EXPECTATION_INVALID',
      'mostley',
    ],
    [
      'mostly above 1',
      one('expect_column_values_to_not_be_null', { column: 'id', mostly: 95 }),
      'EXPECTATION_INVALID',
      'mostly',
    ],
  ])('is kept beside the expectation, for the others to be asked: %s', async (_, suite, code, words) => {
    const { expectations } = await readSuite(suite, { path: 'a.json' });
    expect(expectations[0]?.problem).toEqual({ code, message: expect.stringContaining(words) as unknown });
    expect(expectations[0]?.problem?.message).toContain('Expectation 1 of a.json');
  });

  it.each([
    ['no name', { expectations: [] }, 'SUITE_UNREADABLE', 'name'],
    ['no expectations', { name: 's' }, 'SUITE_UNREADABLE', 'expectations'],
    ['a list', [], 'SUITE_UNREADABLE', 'a name'],
  ])('is said: %s', async (_, suite, code, words) => {
    const error: unknown = await readSuite(suite).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) as unknown });
  });

  it('names the file and the place in it', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'suite.json');
    await writeFile(path, JSON.stringify(one('nothing', {})));
    expect((await readSuite(path)).expectations[0]?.problem?.message).toContain(`Expectation 1 of ${path}`);
    await writeFile(path, '{"name": "s", ');
    await expect(readSuite(path)).rejects.toMatchObject({ code: 'SUITE_UNREADABLE' });
    await expect(readSuite(`${path}.no`)).rejects.toMatchObject({ code: 'SUITE_NOT_FOUND' });
  });
});

it('reads JSON as Python writes it', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'suite.json');
  const kwargs = '{"column": "NaN -Infinity", "min_value": -Infinity, "max_value": Infinity}';
  await writeFile(
    path,
    `{"name": "s", "expectations": [{"type": "expect_column_min_to_be_between", "kwargs": ${kwargs}}]}`,
  );
  expect((await readSuite(path)).expectations[0]?.kwargs).toEqual({
    column: 'NaN -Infinity',
    min_value: Number.NEGATIVE_INFINITY,
    max_value: Number.POSITIVE_INFINITY,
  });
});

it('keeps parameters, those that are given before its own', async () => {
  const suite = {
    name: 's',
    suite_parameters: { n: 1, m: 2 },
    expectations: [{ type: 'expect_table_row_count_to_equal', kwargs: { value: { $PARAMETER: 'n' } } }],
  };
  const { parameters, expectations } = await readSuite(suite, { parameters: { n: 12 } });
  expect(parameters).toEqual({ n: 12, m: 2 });
  expect(expectations[0]?.problem).toBeUndefined();
});

it("takes a user's own kind of expectation", async () => {
  const mine = defineExpectation({
    type: 'expect_even',
    kwargs: { column: z.string() },
    plan: ({ column }) => ({ kind: 'rows', columns: [column], shows: 'value', unexpected: `"${column}" % 2 <> 0` }),
    sentence: ({ column }) => `${column} is even`,
  });
  const suite = { name: 's', expectations: [{ type: 'expect_even', kwargs: { column: 'id', mostly: 0.5 } }] };
  expect((await readSuite(suite)).expectations[0]?.problem).toMatchObject({ code: 'EXPECTATION_UNKNOWN' });
  expect((await readSuite(suite, { expectations: [mine] })).expectations[0]?.problem).toBeUndefined();
});
