import { randomBytes } from 'node:crypto';

/** Where a span is in its trace: what W3C's Trace Context hands on. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** What other systems hand on beside it, as it came. */
  readonly state?: string;
}

/** Version, trace, parent, flags; later versions may have more behind. */
const HEADER = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a header `traceparent`; undefined where there is none, or it is wrong: a new trace is begun then. */
export function readTraceParent(header: string | undefined, state?: string): TraceContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '00', more] = HEADER.exec(header ?? '') ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  return { traceId, spanId, isSampled, ...(state === undefined || state === '' ? {} : { state }) };
}

/** As a header `traceparent`. */
export function writeTraceParent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** Random digits that are not used yet: made a few hundred at a time, since each call for some costs more than the digits. */
let digits = '';
let used = 0;

function random(count: number): string {
  if (used + count > digits.length) {
    digits = randomBytes(2048).toString('hex');
    used = 0;
  }
  used += count;
  return digits.slice(used - count, used);
}

export const newTraceId = (): string => random(32);
export const newSpanId = (): string => random(16);
