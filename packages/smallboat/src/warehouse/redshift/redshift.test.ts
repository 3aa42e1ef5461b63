import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { recordsOf } from '../csv-records.ts';
import { placeOf } from '../place.ts';
import { copySql } from './load-by-copy.ts';
import { MISSING, markMissing } from './mark-missing.ts';

it('copies by a role, never by a key', () => {
  const stage = { url: 's3://b/in', iamRole: 'arn:aws:iam::123456789012:role/loader', region: 'eu-west-1' };
  expect(copySql('raw."t"', ['a', 'b "c"'], 's3://b/in/7/', stage)).toBe(
    [
      'COPY raw."t" ("a", "b ""c""")',
      "FROM 's3://b/in/7/'",
      "IAM_ROLE 'arn:aws:iam::123456789012:role/loader'",
      'FORMAT AS CSV GZIP',
      `NULL AS '${MISSING}'`,
      "TIMEFORMAT 'auto' DATEFORMAT 'auto'",
      "REGION 'eu-west-1'",
    ].join('\n'),
  );
  expect(copySql('t', ['a'], 's3://b/7/', { url: 's3://b' })).toContain('IAM_ROLE DEFAULT');
});

it('is found by its URL, with the place for files', async () => {
  const url = 'redshift://anna@c.eu-west-1.redshift.amazonaws.com/shop?stage=s3://b/in&iam_role=arn:aws:iam::1:role/r';
  expect(await placeOf(url, { REDSHIFT_PASSWORD: 'x' })).toEqual({
    kind: 'redshift',
    host: 'c.eu-west-1.redshift.amazonaws.com',
    user: 'anna',
    database: 'shop',
    sslMode: 'require',
    password: 'x',
    stage: { url: 's3://b/in', iamRole: 'arn:aws:iam::1:role/r' },
  });
  await expect(placeOf('redshift://a@h/d?stage=/tmp', {})).rejects.toMatchObject({ code: 'WAREHOUSE_URL_INVALID' });
});

it.each([
  ['1,,2\n', `1,${MISSING},2\n`],
  ['\n', `${MISSING}\n`],
  [',\r\n', `${MISSING},${MISSING}\r\n`],
  ['"",""\n', '"",""\n'],
  ['"a,,""\n,,",\n', `"a,,""\n,,",${MISSING}\n`],
])('marks missing fields: %j', async (csv, marked) => {
  expect(await text(Readable.from([Buffer.from(csv)]).pipe(markMissing()))).toBe(marked);
});

it('marks the same wherever the bytes are cut, and nothing else', async () => {
  const field = fc.option(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', 'é') }), { nil: null });
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 7 }), async (table, size) => {
      const csv = table
        .map((row) => `${row.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')}\n`)
        .join('');
      const bytes = Buffer.from(csv);
      const parts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      const marked = await text(Readable.from(parts).pipe(markMissing()));
      const found: (string | null)[][] = [];
      for await (const { fields } of recordsOf(Readable.from([Buffer.from(marked)])))
        found.push(fields.map((value) => (value === MISSING ? null : value)));
      expect(found).toEqual(table);
    }),
    { numRuns: 200 },
  );
});
