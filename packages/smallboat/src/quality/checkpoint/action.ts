import type { CheckpointResult } from './checkpoint-result.ts';

/** An action as Great Expectations writes it: `{type: slack, slack_webhook: …}`, or `{class_name: SlackNotificationAction, …}`. */
export interface ActionConfig {
  readonly name?: string;
  readonly [option: string]: unknown;
}

/** What actions reach outside by: handed in, so that a test hands in its own. */
export interface ActionContext {
  readonly checkpoint: Omit<CheckpointResult, 'actions'>;
  /** Sends a request; default the platform's. */
  readonly fetch: typeof globalThis.fetch;
  /** Waits between two tries; default a timer. */
  readonly pause: (milliseconds: number) => Promise<void>;
  /** Variables for `${NAME}` in options: tokens and addresses stay out of files. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes figures: a tracker. */
  readonly logMetrics: (metrics: Readonly<Record<string, number>>) => Promise<void>;
}
