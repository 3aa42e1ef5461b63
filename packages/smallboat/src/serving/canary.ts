/** How a new model is tried on a part of the requests. */
export interface CanaryRule {
  /** Share of requests that it answers, above 0 and at most 1. Default 0.1. */
  readonly share: number;
  /** Requests that it must have answered well before it takes over. Default 500. */
  readonly requests: number;
  /** Failures (a thrown error, a prediction that is no probability) that it may have. Default 2: the third ends it. */
  readonly maxFailures: number;
  /** It may take so many times longer than the model in use (95th percentile), from a difference of 5 ms on. Default 3. */
  readonly maxSlowdown: number;
  /** Its mean prediction may differ so far from that of the model in use. Default 0.3. */
  readonly maxMeanShift: number;
}

export const DEFAULT_CANARY: CanaryRule = {
  share: 0.1,
  requests: 500,
  maxFailures: 2,
  maxSlowdown: 3,
  maxMeanShift: 0.3,
};

/** What a trial has come to. */
export type Verdict =
  | { readonly kind: 'going' }
  | { readonly kind: 'good' }
  | { readonly kind: 'bad'; readonly reason: string };

/** What one of the two models did with one request. */
export interface Outcome {
  readonly hasFailed: boolean;
  readonly milliseconds: number;
  /** Sum and number of its predictions. */
  readonly sum: number;
  readonly count: number;
}

/** A trial of a new model beside the one in use. It only counts and judges: who asks whom is decided outside. */
export interface Canary {
  /** Whether the next request is one for the new model: every `1 / share`-th is. */
  takesNext(): boolean;
  note(of: 'new' | 'old', outcome: Outcome): void;
  verdict(): Verdict;
  readonly answered: number;
  readonly failed: number;
}

/** From so many requests on times and means are compared, and the last so many times are kept. */
const ENOUGH = 50;
const KEPT = 400;
const LEAST_DIFFERENCE_MS = 5;

export function canary(rule: CanaryRule): Canary {
  const sides = { new: side(), old: side() };
  let due = 0;
  const self: Canary = {
    takesNext() {
      due += rule.share;
      if (due < 1 - 1e-9) return false;
      due -= 1;
      return true;
    },
    note(of, { hasFailed, milliseconds, sum, count }) {
      const to = sides[of];
      if (hasFailed) to.failed++;
      else to.answered++;
      to.times[to.noted++ % KEPT] = milliseconds;
      to.sum += sum;
      to.count += count;
    },
    verdict() {
      const { new: mine, old: other } = sides;
      if (mine.failed > rule.maxFailures) {
        return { kind: 'bad', reason: `${mine.failed} of ${mine.failed + mine.answered} requests failed` };
      }
      if (mine.noted >= ENOUGH && other.noted >= ENOUGH) {
        const [slow, usual] = [p95(mine), p95(other)];
        if (slow > usual * rule.maxSlowdown && slow - usual > LEAST_DIFFERENCE_MS) {
          return {
            kind: 'bad',
            reason: `95 % of answers take up to ${slow.toFixed(1)} ms, not ${usual.toFixed(1)} ms`,
          };
        }
        const [mean, usually] = [mine.sum / mine.count, other.sum / other.count];
        if (Math.abs(mean - usually) > rule.maxMeanShift) {
          return { kind: 'bad', reason: `its mean prediction is ${mean.toFixed(3)}, not ${usually.toFixed(3)}` };
        }
      }
      return mine.answered >= rule.requests ? { kind: 'good' } : { kind: 'going' };
    },
    get answered() {
      return sides.new.answered;
    },
    get failed() {
      return sides.new.failed;
    },
  };
  return self;
}

interface Side {
  answered: number;
  failed: number;
  noted: number;
  sum: number;
  count: number;
  readonly times: Float64Array;
}

function side(): Side {
  return { answered: 0, failed: 0, noted: 0, sum: 0, count: 0, times: new Float64Array(KEPT) };
}

function p95({ times, noted }: Side): number {
  const kept = times.slice(0, Math.min(noted, KEPT)).sort();
  return kept[Math.floor((kept.length - 1) * 0.95)] ?? 0;
}
