import { basename } from 'node:path';

/** Names of files that hold secrets, and of folders that hold what is not code. `*` stands for any characters. */
const FILES =
  '.env .env.* *.env .npmrc .netrc .pgpass .git-credentials .htpasswd id_rsa* id_ed25519* id_ecdsa* id_dsa* *.pem *.key *.p12 *.pfx *.jks *.kdbx credentials credentials.json service-account*.json *.tfstate *.tfstate.* kubeconfig kubeconfig.*';
const FOLDERS =
  '.git .hg .svn .aws .azure .gcloud .kube .ssh .gnupg .docker .metaflowconfig .metaflow .smallboat .venv __pycache__ node_modules';

const asPattern = (names: string): RegExp =>
  new RegExp(
    `^(?:${names
      .split(' ')
      .map((name) => name.replaceAll('.', '\\.').replaceAll('*', '.*'))
      .join('|')})$`,
    'i',
  );

const forbiddenFile = asPattern(FILES);
const forbiddenFolder = asPattern(FOLDERS);

/** Whether a file must not be in a code package by its name. A `.env.example` is for showing, and may be. */
export function isForbiddenFile(path: string): boolean {
  const name = basename(path);
  return forbiddenFile.test(name) && !/\.(?:example|sample|template)$/i.test(name);
}

/** Whether nothing below a folder may be in a code package. */
export function isForbiddenFolder(path: string): boolean {
  return forbiddenFolder.test(basename(path));
}

/** Forms of secrets that are told apart from all else, with what each is. */
const SECRETS: readonly (readonly [what: string, form: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})\b/],
  ['a Slack token', /\bxox[abprs]-[A-Za-z0-9-]{20,}\b/],
  ['a Google API key', /\bAIza[\w-]{35}\b/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a key of an AI service', /\bsk-(?:ant-|proj-)?[\w-]{40,}\b/],
  // As in dbt's profiles.yml, where it should be `{{ env_var('…') }}`.
  ['a password', /^\s*(?:password|pass|private_key_passphrase): *["']?(?![\s"']|\{\{|\$\{)\S/m],
];

/** A place in a text that holds what has the form of a secret. */
export interface SecretFound {
  readonly what: string;
  readonly line: number;
}

/** The first thing in a text that has the form of a secret; undefined where there is none. The secret itself is not told. */
export function secretIn(text: string): SecretFound | undefined {
  for (const [what, form] of SECRETS) {
    const at = text.search(form);
    if (at >= 0) return { what, line: text.slice(0, at).split('\n').length };
  }
  return undefined;
}
