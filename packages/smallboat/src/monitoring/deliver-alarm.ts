import { defineErrors } from '../kernel/index.ts';
import type { Alarm, AlarmKind } from './alarms.ts';

export const deliveryErrors = defineErrors({
  ALARM_UNDELIVERED: (f: { channel: string; host: string; problem: string }) =>
    `The alarm could not be told to ${f.channel} at ${f.host}: ${f.problem}. Check the address, and whether this machine may reach it; the next check tells it again.`,
});

/** Where alarms are told: JSON of our own to any address, or a Slack incoming webhook. Addresses may hold a secret. */
export interface AlarmChannel {
  readonly kind: 'webhook' | 'slack';
  readonly url: string;
}

/** What is told. Plain data; the body of a webhook. */
export interface AlarmMessage {
  readonly format: 'smallboat-alarm';
  readonly version: 1;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly model: { readonly name?: string; readonly version?: string };
  /** ISO 8601; `from` is missing for all of the log. */
  readonly window: { readonly from?: string; readonly to: string };
  readonly predictions: number;
  /** Those that are new, or stand for so long that they are told again. */
  readonly alarms: readonly Alarm[];
  /** Those that were told before, and are over. */
  readonly resolved: readonly AlarmKind[];
  /** Where the report lies, as the sender names it. */
  readonly page?: string;
}

export interface DeliveryOptions {
  readonly fetch?: typeof globalThis.fetch;
  /** Waits; default a timer. */
  readonly pause?: (ms: number) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 10_000;
/** Pauses before the second and the third try, in milliseconds. */
const PAUSES = [500, 2_000] as const;

/**
 * Tells a channel, up to three times where it does not answer or is not ready (429, 5xx). Rejects with `ALARM_UNDELIVERED`,
 * which names the host alone.
 */
export async function deliverAlarm(
  { kind, url }: AlarmChannel,
  message: AlarmMessage,
  options: DeliveryOptions = {},
): Promise<void> {
  const { fetch = globalThis.fetch, pause = wait, signal } = options;
  const host = URL.canParse(url) ? new URL(url).host : 'its address';
  const body = JSON.stringify(kind === 'slack' ? { text: slackText(message) } : message);
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const problem = await tried(fetch, { url, body });
    if (problem === undefined) return;
    const ms = PAUSES[attempt];
    if (ms === undefined || problem.isFinal) {
      throw deliveryErrors.ALARM_UNDELIVERED({ channel: kind, host, problem: problem.text });
    }
    await pause(ms);
  }
}

async function tried(
  fetch: typeof globalThis.fetch,
  { url, body }: { readonly url: string; readonly body: string },
): Promise<{ readonly text: string; readonly isFinal: boolean } | undefined> {
  if (!URL.canParse(url)) return { text: 'it is no URL', isFinal: true };
  try {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(PATIENCE) });
    await answer.arrayBuffer();
    if (answer.ok) return undefined;
    return { text: `it answered ${answer.status}`, isFinal: answer.status < 500 && answer.status !== 429 };
  } catch (error) {
    const { cause } = error instanceof Error ? error : {};
    const inner = cause instanceof Error ? cause : error;
    return { text: inner instanceof Error ? inner.message || inner.name : 'no answer', isFinal: false };
  }
}

/** Slack's mrkdwn: `&`, `<` and `>` are written as entities. */
export function slackText({ model, alarms, resolved, page, window }: AlarmMessage): string {
  const escaped = (text: string): string =>
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const name = `${model.name ?? 'model'}${model.version === undefined ? '' : ` ${model.version}`}`;
  const title = alarms.length > 0 ? `:rotating_light: *Alarm* on ${name}` : `:white_check_mark: *Over* on ${name}`;
  return [
    escaped(title),
    ...alarms.map(({ kind, sentence }) => `• *${kind}*: ${escaped(sentence)}`),
    ...(resolved.length > 0 ? [`Over: ${resolved.join(', ')}`] : []),
    escaped(`Predictions ${window.from === undefined ? '' : `from ${window.from} `}to ${window.to}`),
    ...(page === undefined ? [] : [escaped(`Report: ${page}`)]),
  ].join('\n');
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
