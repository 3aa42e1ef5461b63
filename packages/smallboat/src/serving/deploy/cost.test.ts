import { expect, it } from 'vitest';
import { estimateCost } from './cost.ts';

it('adds up what a function costs beyond the free tier', () => {
  // 10 million calls of 0.5 GB and 100 ms: 500,000 GB-s, of which 100,000 are paid; 9 million calls are.
  const { perMonth, parts } = estimateCost({
    kind: 'lambda',
    requestsPerMonth: 1e7,
    memoryMiB: 512,
    milliseconds: 100,
  });
  expect(parts.map(({ what }) => what)).toEqual(['compute', 'calls', 'logs']);
  expect(parts[0]?.perMonth).toBeCloseTo(1.33334, 5);
  expect(parts[1]?.perMonth).toBeCloseTo(1.8, 5);
  expect(perMonth).toBeCloseTo(1.33334 + 1.8 + 3, 5);
});

it('counts machines by the hour, serverless by use, and this machine not at all', () => {
  const base = { kind: 'sagemaker', requestsPerMonth: 0, instances: 2, memoryMiB: 2048, milliseconds: 10 } as const;
  expect(estimateCost({ ...base, instance: 'ml.m5.large' }).perMonth).toBeCloseTo(0.115 * 730 * 2, 6);
  expect(estimateCost({ ...base, instance: 'ml.x9.huge', hourly: 2 }).perMonth).toBe(2 * 730 * 2);
  expect(() => estimateCost({ ...base, instance: 'ml.x9.huge' })).toThrow(
    expect.objectContaining({ code: 'PRICE_UNKNOWN' }),
  );
  const { parts } = estimateCost({ ...base, instance: 'serverless', requestsPerMonth: 1e6 });
  expect(parts[0]?.perMonth).toBeCloseTo(1e6 * 2 * 0.01 * 0.00002, 6);
  // Two kilobytes a request at 1.6 cents a gigabyte.
  expect(parts[1]?.perMonth).toBeCloseTo(0.032, 6);
  expect(estimateCost({ kind: 'local' }).perMonth).toBe(0);
});
