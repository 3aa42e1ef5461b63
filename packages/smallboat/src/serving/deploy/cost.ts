import { defineErrors } from '../../kernel/index.ts';

/** What a deployment would cost, in US dollars a month of 730 hours. */
export interface CostEstimate {
  readonly perMonth: number;
  /** What it is made of. */
  readonly parts: readonly { readonly what: string; readonly perMonth: number }[];
  /** What the figures rest on. */
  readonly basis: string;
}

export const costErrors = defineErrors({
  PRICE_UNKNOWN: (f: { instance: string; known: string }) =>
    `The price of ${f.instance} is not known here (known: ${f.known}). Give what AWS asks an hour: --hourly 0.115`,
});

/**
 * List prices of us-east-1 in US dollars an hour of hosting. Other regions ask up to half more: `hourly` of the caller goes over it.
 *
 * @see `docs/deploy.md` for where each price was found, and when; AWS's own page could not be read.
 */
const HOURLY: Readonly<Record<string, number>> = {
  'ml.t2.medium': 0.056,
  'ml.c5.large': 0.102,
  'ml.c5.xlarge': 0.204,
  'ml.m5.large': 0.115,
  'ml.m5.xlarge': 0.23,
};
const HOURS = 730;
/** Lambda on arm64, and its share of a million calls. The first 400,000 GB-seconds and the first million calls a month cost nothing. */
const GB_SECOND = 0.0000133334;
const FREE_GB_SECONDS = 400_000;
const MILLION_CALLS = 0.2;
/** SageMaker's serverless inference, for a GB and second, and for a GB that goes in or out. */
const SERVERLESS_GB_SECOND = 0.00002;
const SERVERLESS_DATA_GB = 0.016;
/** Bytes of a request and its answer. */
const DATA_BYTES = 2000;
const LOG_GB = 0.5;
/** Bytes that a call leaves in the log: its prediction and Lambda's own lines. */
const LOG_BYTES = 600;

export type CostQuestion =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'lambda';
      readonly requestsPerMonth: number;
      readonly memoryMiB: number;
      /** Milliseconds that a call takes. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'sagemaker';
      readonly requestsPerMonth: number;
      readonly instance: string;
      readonly instances: number;
      readonly memoryMiB: number;
      readonly milliseconds: number;
      /** Dollars an hour of one machine, in place of the list price. */
      readonly hourly?: number;
    };

/** The estimate before a deployment. Throws `PRICE_UNKNOWN`. */
export function estimateCost(question: CostQuestion): CostEstimate {
  if (question.kind === 'local') return sum([], 'It runs on this machine.');
  const { requestsPerMonth: calls, memoryMiB, milliseconds } = question;
  const gbSeconds = calls * (memoryMiB / 1024) * (milliseconds / 1000);
  const logs = { what: 'logs', perMonth: ((calls * LOG_BYTES) / 1e9) * LOG_GB };
  const asked = `${calls.toLocaleString('en')} requests a month of ${milliseconds} ms`;
  const basis = `List prices of us-east-1, ${asked}; without taxes, transfer out and discounts.`;
  if (question.kind === 'lambda') {
    return sum(
      [
        { what: 'compute', perMonth: Math.max(0, gbSeconds - FREE_GB_SECONDS) * GB_SECOND },
        { what: 'calls', perMonth: (Math.max(0, calls - 1e6) / 1e6) * MILLION_CALLS },
        logs,
      ],
      `${basis} Lambda's monthly free tier is taken off.`,
    );
  }
  const { instance, instances } = question;
  if (instance === 'serverless') {
    const data = { what: 'data', perMonth: ((calls * DATA_BYTES) / 1e9) * SERVERLESS_DATA_GB };
    return sum([{ what: 'compute', perMonth: gbSeconds * SERVERLESS_GB_SECOND }, data, logs], basis);
  }
  const hourly = question.hourly ?? HOURLY[instance];
  if (hourly === undefined) throw costErrors.PRICE_UNKNOWN({ instance, known: Object.keys(HOURLY).join(', ') });
  return sum([{ what: `${instances} × ${instance}, always on`, perMonth: hourly * HOURS * instances }, logs], basis);
}

function sum(parts: CostEstimate['parts'], basis: string): CostEstimate {
  return { perMonth: parts.reduce((all, { perMonth }) => all + perMonth, 0), parts, basis };
}
