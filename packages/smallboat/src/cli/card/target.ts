import { resolve } from 'node:path';
import { existsSync } from 'node:fs';
import type { Io } from '../../kernel/index.ts';

/** What the commands about cards do. */
export const CARD_ACTIONS = ['list', 'get', 'view', 'serve'] as const;
export type CardAction = 'write' | (typeof CARD_ACTIONS)[number];

/** What a command line asks for: an action, where its first word is one, and what it is about. */
export function actionOf(words: readonly (string | undefined)[]): {
  readonly action: CardAction;
  readonly target: string | undefined;
  /** A word that has no place. */
  readonly extra: string | undefined;
} {
  const action = CARD_ACTIONS.find((name) => name === words[0]);
  const [target, extra] = action ? words.slice(1) : words;
  return { action: action ?? 'write', target, extra };
}

/** Whether a target is a file with a flow, and not a path of a run. */
export function isFlowFile(target: string | undefined, io: Io): target is string {
  return (
    target !== undefined &&
    /\.[mc]?[jt]s(?:#|$)/.test(target) &&
    existsSync(resolve(io.cwd, target.split('#')[0] ?? ''))
  );
}
