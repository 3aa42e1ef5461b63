import { expect, it } from 'vitest';
import { newSpanId, newTraceId, readTraceParent, writeTraceParent } from './trace-context.ts';

// From the W3C recommendation "Trace Context", 3.2.3.
const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

it('reads and writes the example of the recommendation', () => {
  const context = readTraceParent(example);
  expect(context).toEqual({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    isSampled: true,
  });
  if (context) expect(writeTraceParent(context)).toBe(example);
});

it.each([
  undefined,
  '',
  'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
  `${example}-more`,
])('takes %j for none', (header) => {
  expect(readTraceParent(header)).toBeUndefined();
});

it('takes a later version that has more behind', () => {
  expect(readTraceParent(`cc${example.slice(2)}-what-the-future-will-be-like`)?.isSampled).toBe(true);
});

it('makes ids of the right length', () => {
  expect([newTraceId().length, newSpanId().length]).toEqual([32, 16]);
});
