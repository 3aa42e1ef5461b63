import { SmallboatError } from '../kernel/index.ts';

/**
 * An error in which no secret is to be read: where one stands in its message or facts (a statement that sets a password,
 * a server that repeats what it got) there are dots, and the cause is left out.
 */
export function hideSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof SmallboatError)) return error;
  // A short one stands in any text by chance.
  const long = secrets.filter((secret) => secret.length >= 4);
  const told = JSON.stringify([error.message, error.facts, error.cause instanceof Error ? error.cause.message : '']);
  const found = long.filter((secret) => told.includes(inJson(secret)));
  if (found.length === 0) return error;
  const hidden = (text: string, written: (secret: string) => string = (secret) => secret): string =>
    found.reduce((shown, secret) => shown.replaceAll(written(secret), '…'), text);
  const facts: unknown = JSON.parse(hidden(JSON.stringify(error.facts), inJson));
  return new SmallboatError(hidden(error.message), { code: error.code, facts });
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
