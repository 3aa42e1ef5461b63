import { expect, it } from 'vitest';
import { hideSecrets } from './hide-secrets.ts';
import { warehouseErrors } from './warehouse.ts';

it('puts dots where a secret stands, and keeps an error that has none', () => {
  const cause = new Error('near "hunter\\"2"');
  const error = warehouseErrors.STATEMENT_FAILED(
    { location: 'x', sql: `ALTER USER a PASSWORD 'hunter"2'`, problem: 'no' },
    { cause },
  );
  const hidden = hideSecrets(error, ['hunter"2', 'x']);
  expect(hidden).toMatchObject({
    code: 'STATEMENT_FAILED',
    message: `x could not run 'ALTER USER a PASSWORD '…'': no`,
    facts: { location: 'x', sql: `ALTER USER a PASSWORD '…'` },
  });
  expect(warehouseErrors.STATEMENT_FAILED.is(hidden)).toBe(true);
  expect(hidden).not.toHaveProperty('cause');
  expect(hideSecrets(error, ['other'])).toBe(error);
});
