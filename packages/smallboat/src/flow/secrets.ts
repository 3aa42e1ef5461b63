import { defineErrors, optionalPackage } from '../kernel/index.ts';

/**
 * A secret by where it is kept: `aws-secrets-manager.<name>`, as Metaflow names it, or `env.<NAME>` of the machine that runs the body.
 * A secret that holds a JSON object gives one variable a key; any other gives one variable named after it.
 */
export type Secret = string;

export const secretErrors = defineErrors({
  SECRET_NOT_FOUND: (f: { secret: string; problem: string }) =>
    `The secret '${f.secret}' cannot be read: ${f.problem}. Make it there, or give access to it.`,
  SECRET_KEEPER_UNKNOWN: (f: { secret: string; known: string }) =>
    `The secret '${f.secret}' names no keeper of secrets that is known: ${f.known}. Write it as 'aws-secrets-manager.<name>'.`,
});

type Env = Readonly<Record<string, string | undefined>>;

/** Fetches secrets as environment variables by name. Rejects with `SECRET_NOT_FOUND`, `SECRET_KEEPER_UNKNOWN`, `PACKAGE_MISSING`. */
export async function readSecrets(secrets: readonly Secret[], env: Env): Promise<Record<string, string>> {
  const read = await Promise.all(secrets.map((secret) => readSecret(secret, env)));
  return Object.assign({}, ...read) as Record<string, string>; // Each is of this type.
}

async function readSecret(secret: Secret, env: Env): Promise<Record<string, string>> {
  const dot = secret.indexOf('.');
  const [keeper, name] = [secret.slice(0, dot), secret.slice(dot + 1)];
  switch (keeper) {
    case 'env': {
      const value = env[name];
      if (value === undefined) throw secretErrors.SECRET_NOT_FOUND({ secret, problem: 'the variable is not set' });
      return variables(name, value);
    }
    case 'aws-secrets-manager':
      return variables(name, await fromSecretsManager(secret, name));
    default:
      throw secretErrors.SECRET_KEEPER_UNKNOWN({ secret, known: 'aws-secrets-manager, env' });
  }
}

async function fromSecretsManager(secret: Secret, name: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await optionalPackage(
    '@aws-sdk/client-secrets-manager',
    `The secret '${secret}'`,
    () => import('@aws-sdk/client-secrets-manager'),
  );
  const client = new SecretsManagerClient({});
  try {
    const { SecretString, SecretBinary } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return SecretString ?? Buffer.from(SecretBinary ?? []).toString('utf8');
  } catch (cause) {
    const problem = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw secretErrors.SECRET_NOT_FOUND({ secret, problem }, { cause });
  } finally {
    client.destroy();
  }
}

/** A JSON object is a variable a key; anything else one variable, named after the secret in capitals. */
function variables(name: string, value: string): Record<string, string> {
  const object = asObject(value);
  if (object) return Object.fromEntries(Object.entries(object).map(([key, part]) => [key, textOf(part)]));
  const last = name.split(/[/:]/).at(-1) ?? name;
  return { [last.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()]: value };
}

function asObject(value: string): object | undefined {
  if (!value.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch (error) {
    // Not JSON: a secret like any other.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function textOf(part: unknown): string {
  return typeof part === 'string' ? part : JSON.stringify(part);
}

/** Replaces every value of a secret in a text: a log is stored, a secret is not. Values of fewer than four characters are left. */
export function hideSecrets(text: string, values: readonly string[]): string {
  const hidden = values.flatMap((value) => value.split('\n')).filter((line) => line.length >= 4);
  return hidden.reduce((shown, line) => shown.replaceAll(line, '***'), text);
}
