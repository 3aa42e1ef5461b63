import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { defineErrors, isMissing } from '../kernel/index.ts';

export const tokenErrors = defineErrors({
  PRODUCTION_TOKEN_NEEDED: (f: { name: string; owner: string }) =>
    `'${f.name}' was deployed by ${f.owner}, and this machine does not have its production token. Ask them for it, and give it once with --authorize TOKEN.`,
  PRODUCTION_TOKEN_WRONG: (f: { name: string; owner: string }) =>
    `That is not the production token of '${f.name}'. Ask ${f.owner}, who deployed it, for it.`,
});

/** A deployment that is there already. */
export interface Deployed {
  readonly token: string;
  readonly owner: string;
}

export interface TokenOptions {
  /** Name of the deployment. */
  readonly name: string;
  readonly deployed?: Deployed;
  /** The folder that this machine keeps tokens in. */
  readonly home: string;
  /** As somebody was told it: kept from now on. */
  readonly authorize?: string;
  /** A token in place of the one before: the runs from now on are in a namespace of their own. */
  readonly newToken?: string;
  readonly generatesNew?: boolean;
}

/**
 * The production token of a deployment, as Metaflow has it: whoever has it may change the deployment, and its runs are in the namespace
 * `production:TOKEN`. It guards against mistakes, and not against people: it is written in the deployment. Rejects with
 * `PRODUCTION_TOKEN_NEEDED`, `PRODUCTION_TOKEN_WRONG`.
 */
export async function productionToken(options: TokenOptions): Promise<string> {
  const { name, deployed, home, authorize, newToken, generatesNew } = options;
  if (deployed) {
    const { owner } = deployed;
    const known = authorize ?? (await keptToken(home, name));
    if (known === undefined) throw tokenErrors.PRODUCTION_TOKEN_NEEDED({ name, owner });
    if (known !== deployed.token) throw tokenErrors.PRODUCTION_TOKEN_WRONG({ name, owner });
  }
  const before = deployed?.token ?? (await keptToken(home, name));
  const token = newToken ?? (before === undefined || generatesNew === true ? generated(before) : before);
  await mkdir(join(home, 'tokens'), { recursive: true });
  await writeFile(fileOf(home, name), `${token}\n`);
  return token;
}

async function keptToken(home: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(fileOf(home, name), 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function fileOf(home: string, name: string): string {
  return join(home, 'tokens', name);
}

/** `production-token-3-kwzv`: rises by one, so that people see which is newer. */
function generated(before: string | undefined): string {
  const [, number] = /^production-token-(\d+)-/.exec(before ?? '') ?? [];
  const letters = Array.from({ length: 4 }, () => String.fromCodePoint(97 + randomInt(26))).join('');
  return `production-token-${number === undefined ? 0 : Number(number) + 1}-${letters}`;
}
