import { type PostOptions, defineErrors, postJson } from '../kernel/index.ts';
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

export type DeliveryOptions = Omit<PostOptions, 'headers'>;

/** Tells a channel, as `postJson` does. Rejects with `ALARM_UNDELIVERED`, which names the host alone. */
export async function deliverAlarm(
  { kind, url }: AlarmChannel,
  message: AlarmMessage,
  options: DeliveryOptions = {},
): Promise<void> {
  const posted = await postJson(url, kind === 'slack' ? { text: slackText(message) } : message, options);
  if (posted.kind === 'told') return;
  const problem = posted.kind === 'refused' ? `it answered ${posted.status}` : posted.problem;
  throw deliveryErrors.ALARM_UNDELIVERED({ channel: kind, host: posted.host, problem });
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
