import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';

/** What a key may be allowed: to ask for predictions, to say what came of them, to read the metrics, to change the model. */
export const SCOPES = ['predict', 'feedback', 'metrics', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

const KeyEntry = z.strictObject({
  /** Whose key it is, for logs: `shop-frontend`. */
  name: z.string().min(1).max(64),
  /** SHA-256 of the key, in hex: the file does not hold the key itself. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex'),
  scopes: z.array(z.enum(SCOPES)).min(1),
  /** From this moment on it is refused. */
  expiresAt: z.iso.datetime().optional(),
});
const KeyFile = z.strictObject({ keys: z.array(KeyEntry).min(1) });

/** A key as it is kept: by its hash. */
export type ApiKey = z.infer<typeof KeyEntry>;

export const keyErrors = defineErrors({
  KEYS_INVALID: (f: { path: string; problem: string }) =>
    `${f.path} is no file of API keys: ${f.problem}. Make one with 'smallboat keys --add <name> --keys ${f.path}'.`,
});

/** Why a request may not go on. */
export type KeyRefusal =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'scope'; readonly name: string };

/** Keys to check requests by. */
export interface ApiKeys {
  /** Undefined where the key is good for `scope`. `at` is in milliseconds since 1970. */
  refusal(key: string | undefined, scope: Scope, at: number): KeyRefusal | undefined;
}

/** Keys by hash: what is compared is never the key, so that the time it takes tells nothing of it. */
export function apiKeys(entries: readonly ApiKey[]): ApiKeys {
  const byHash = new Map(entries.map((entry) => [entry.sha256, entry]));
  return {
    refusal(key, scope, at) {
      if (key === undefined || key === '') return { kind: 'missing' };
      const entry = key.length > 512 ? undefined : byHash.get(hashOfKey(key));
      const isExpired = entry?.expiresAt !== undefined && Date.parse(entry.expiresAt) <= at;
      if (entry === undefined || isExpired) return { kind: 'unknown' };
      return entry.scopes.includes(scope) ? undefined : { kind: 'scope', name: entry.name };
    },
  };
}

/** The entries of a key file. Rejects with `KEYS_INVALID`. */
export async function readKeys(path: string): Promise<readonly ApiKey[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw keyErrors.KEYS_INVALID({ path, problem: String(cause) }, { cause });
  });
  return parseKeys(text, path);
}

/** The entries in the text of a key file, or in a list of them. `path` names it in errors. Throws `KEYS_INVALID`. */
export function parseKeys(text: string, path: string): readonly ApiKey[] {
  try {
    const given = JSON.parse(text) as unknown;
    return KeyFile.parse(Array.isArray(given) ? { keys: given } : given).keys;
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw keyErrors.KEYS_INVALID({ path, problem }, { cause });
  }
}

/** A new key of 256 random bits, and the entry to keep of it. The key itself is shown once. */
export function newKey(
  entry: Omit<ApiKey, 'sha256'>,
  randomBytes: (size: number) => Buffer,
): { readonly key: string; readonly entry: ApiKey } {
  const key = `sb_${randomBytes(32).toString('base64url')}`;
  return { key, entry: { ...entry, sha256: hashOfKey(key) } };
}

export function hashOfKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The key of a request: `Authorization: Bearer …`, or `X-API-Key`. Header names in lower case. */
export function keyOf(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  const [, bearer] = /^bearer +(\S+) *$/i.exec(headers['authorization'] ?? '') ?? [];
  return bearer ?? headers['x-api-key'];
}
