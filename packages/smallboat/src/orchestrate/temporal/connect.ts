import type { Client } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { defineErrors, messageOf, optionalPackage } from '../../kernel/index.ts';

export const temporalErrors = defineErrors({
  TEMPORAL_UNREACHABLE: (f: { address: string; problem: string }) =>
    `The Temporal server at ${f.address} does not answer: ${f.problem}. Set TEMPORAL_ADDRESS to where it is, as in 127.0.0.1:7233.`,
  TEMPORAL_NOT_DEPLOYED: (f: { name: string }) =>
    `There is no deployment '${f.name}' on this Temporal server. Make it: smallboat temporal create flow.ts`,
  TEMPORAL_EXECUTION_UNKNOWN: (f: { name: string; execution: string }) =>
    `'${f.name}' has no execution '${f.execution}'. See them: smallboat temporal list-runs flow.ts`,
  TEMPORAL_EXECUTION_FAILED: (f: { execution: string; state: string; message: string }) =>
    `The execution '${f.execution}' is ${f.state}: ${f.message}. Go on with it: smallboat temporal resume flow.ts ${f.execution}`,
  TEMPORAL_EXECUTION_RUNS: (f: { execution: string; state: string }) =>
    `The execution '${f.execution}' is ${f.state}: only one that failed or was stopped goes on.`,
});

const needer = 'smallboat temporal';

/**
 * How the server is reached, as Temporal's own programs have it: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…,
 * and the profiles of its configuration file.
 */
export async function temporalPlace(env: Readonly<Record<string, string | undefined>>): Promise<{
  readonly connection: NativeConnectionOptions & { readonly address: string };
  readonly namespace: string;
}> {
  const { loadClientConnectConfig } = await optionalPackage(
    '@temporalio/envconfig',
    needer,
    () => import('@temporalio/envconfig'),
  );
  const set = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars: set });
  return { connection: { ...connectionOptions, address: connectionOptions.address ?? '127.0.0.1:7233' }, namespace };
}

/** A client, connected. Rejects with `PACKAGE_MISSING`, `TEMPORAL_UNREACHABLE`. */
export async function connectClient(env: Readonly<Record<string, string | undefined>>): Promise<Client> {
  const sdk = await optionalPackage('@temporalio/client', needer, () => import('@temporalio/client'));
  const { connection: options, namespace } = await temporalPlace(env);
  try {
    const connection = await sdk.Connection.connect({ ...options, connectTimeout: '10s' });
    return new sdk.Client({ connection, namespace });
  } catch (cause) {
    throw temporalErrors.TEMPORAL_UNREACHABLE({ address: options.address, problem: messageOf(cause) }, { cause });
  }
}
