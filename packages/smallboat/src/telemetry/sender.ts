import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../kernel/index.ts';
import type { SignalPlace } from './settings.ts';

/** What OTLP says may be tried again. */
const AGAIN: readonly number[] = [429, 502, 503, 504];
const TRIES = 4;

export interface SendOptions {
  readonly signal: AbortSignal;
  /** Told what was lost, and why. */
  readonly warn: (problem: string) => void;
}

/** Sends one body of OTLP, and tries again where that may help. Never rejects: what is lost is said. */
export async function sendOtlp(place: SignalPlace, body: string, { signal, warn }: SendOptions): Promise<void> {
  const bytes = place.isCompressed ? await promisify(gzip)(body) : body;
  const headers = {
    ...place.headers,
    'content-type': 'application/json',
    ...(place.isCompressed ? { 'content-encoding': 'gzip' } : {}),
  };
  for (let tries = 1; ; tries += 1) {
    let problem: string;
    let waitMs = 500 * 2 ** tries;
    try {
      const limit = AbortSignal.timeout(place.timeoutMs);
      const answer = await fetch(place.url, {
        method: 'POST',
        headers,
        body: bytes,
        signal: AbortSignal.any([limit, signal]),
      });
      const text = await answer.text();
      if (answer.ok) return refused(text, warn);
      problem = `${place.url} answered ${answer.status} ${text.slice(0, 200)}`;
      if (!AGAIN.includes(answer.status)) return warn(problem);
      const after = Number(answer.headers.get('retry-after') ?? Number.NaN);
      if (Number.isFinite(after)) waitMs = Math.min(after, 30) * 1000;
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      problem = `${place.url}: ${messageOf(cause)}`;
    }
    if (tries === TRIES || signal.aborted) return warn(problem);
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

/** An answer of 200 may say that some of it was not taken. */
function refused(text: string, warn: (problem: string) => void): void {
  if (!text.includes('partialSuccess')) return;
  const { partialSuccess } = JSON.parse(text) as {
    readonly partialSuccess?: { readonly errorMessage?: string } & Readonly<Record<string, unknown>>;
  }; // As OTLP has it.
  const count = Number(partialSuccess?.['rejectedSpans'] ?? partialSuccess?.['rejectedDataPoints'] ?? 0);
  if (count > 0) warn(`${count} were not taken: ${partialSuccess?.errorMessage ?? ''}`);
}
