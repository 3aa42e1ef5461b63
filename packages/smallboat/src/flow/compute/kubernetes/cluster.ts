import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import * as z from 'zod';
import { defineErrors, messageOf } from '../../../kernel/index.ts';

export const clusterErrors = defineErrors({
  KUBECONFIG_UNUSABLE: (f: { path: string; problem: string }) =>
    `The cluster of Kubernetes cannot be found: ${f.path}: ${f.problem}. Name a configuration with KUBECONFIG, or run inside of the cluster.`,
  KUBERNETES_LOGIN_FAILED: (f: { command: string; problem: string }) =>
    `The credentials for Kubernetes come from '${f.command}', which failed: ${f.problem}. Run it by itself to see why.`,
});

/** Environment variables. */
type Values = Readonly<Record<string, string | undefined>>;

/** A cluster's API server and how to be let in. */
export interface Cluster {
  readonly server: URL;
  /** Certificates that the server's is checked against, PEM; undefined: those that Node knows. */
  readonly ca?: string;
  readonly isUnchecked: boolean;
  /** The namespace of the context. */
  readonly namespace?: string;
  /** What lets us in now; asked for before each request, and kept as long as it holds. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly authorization?: string;
  /** A client certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The cluster that KUBECONFIG names, else the one that this process runs in, else that of `~/.kube/config`. Throws `KUBECONFIG_UNUSABLE`. */
export function findCluster(env: Values): Cluster {
  const { KUBECONFIG: named, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if ((named ?? '') === '' && host !== undefined) return ownCluster(host, port);
  // Several files may be named; the first that there is holds the context.
  const paths = (named ?? '') === '' ? [join(homedir(), '.kube/config')] : (named ?? '').split(':');
  const path = paths.find((one) => existsSync(one)) ?? paths[0] ?? '';
  return fromConfig(path, env);
}

function ownCluster(host: string, port: string): Cluster {
  const address = host.includes(':') ? `[${host}]` : host;
  const read = (name: string): string => readFileSync(join(ACCOUNT, name), 'utf8');
  return {
    server: new URL(`https://${address}:${port}`),
    ca: read('ca.crt'),
    isUnchecked: false,
    namespace: read('namespace').trim(),
    // The kubelet renews the token in its file.
    credentials: () => Promise.resolve({ authorization: `Bearer ${read('token').trim()}` }),
  };
}

const Exec = z.looseObject({
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  apiVersion: z.string().default('client.authentication.k8s.io/v1'),
});
type Exec = z.infer<typeof Exec>;

const ClusterEntry = z.looseObject({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().default(false),
});

const User = z.looseObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  exec: Exec.optional(),
  'auth-provider': z.unknown().optional(),
});

const Context = z.looseObject({ cluster: z.string(), user: z.string(), namespace: z.string().optional() });

const Config = z.looseObject({
  'current-context': z.string(),
  contexts: z.array(z.looseObject({ name: z.string(), context: Context })).default([]),
  clusters: z.array(z.looseObject({ name: z.string(), cluster: ClusterEntry })).default([]),
  users: z.array(z.looseObject({ name: z.string(), user: User })).default([]),
});

function fromConfig(path: string, env: Values): Cluster {
  const fail = (problem: string, cause?: unknown): never => {
    throw clusterErrors.KUBECONFIG_UNUSABLE({ path, problem }, { cause });
  };
  const config = readConfig(path, fail);
  const wanted = config['current-context'];
  const { context } = config.contexts.find(({ name }) => name === wanted) ?? fail(`it has no context '${wanted}'`);
  const { cluster } =
    config.clusters.find(({ name }) => name === context.cluster) ?? fail(`it has no cluster '${context.cluster}'`);
  const { user } = config.users.find(({ name }) => name === context.user) ?? fail(`it has no user '${context.user}'`);
  if (user['auth-provider'] !== undefined && !user.exec) {
    fail(`user '${context.user}' has an auth-provider, which Kubernetes no longer knows`);
  }
  const folder = dirname(path);
  const ca = content(cluster['certificate-authority-data'], cluster['certificate-authority'], folder);
  return {
    server: new URL(cluster.server),
    ...(ca === undefined ? {} : { ca }),
    isUnchecked: cluster['insecure-skip-tls-verify'],
    ...(context.namespace === undefined ? {} : { namespace: context.namespace }),
    credentials: credentialsOf(user, folder, env),
  };
}

function readConfig(path: string, fail: (problem: string, cause?: unknown) => never): z.infer<typeof Config> {
  try {
    return Config.parse(parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof z.ZodError) return fail(z.prettifyError(error).split('\n')[0] ?? '', error);
    return fail(messageOf(error), error);
  }
}

function credentialsOf(user: z.infer<typeof User>, folder: string, env: Values): Cluster['credentials'] {
  const cert = content(user['client-certificate-data'], user['client-certificate'], folder);
  const key = content(user['client-key-data'], user['client-key'], folder);
  const own = cert !== undefined && key !== undefined ? { cert, key } : {};
  const { token, tokenFile, username, password, exec } = user;
  let kept: { readonly until: number; readonly credentials: Promise<Credentials> } | undefined;
  return () => {
    if (exec) {
      if (!kept || kept.until < Date.now()) kept = ask(exec, env);
      return kept.credentials;
    }
    const now = tokenFile === undefined ? token : readFileSync(resolve(folder, tokenFile), 'utf8').trim();
    if (now !== undefined) return Promise.resolve({ ...own, authorization: `Bearer ${now}` });
    if (username === undefined) return Promise.resolve(own);
    const pair = Buffer.from(`${username}:${password ?? ''}`).toString('base64');
    return Promise.resolve({ ...own, authorization: `Basic ${pair}` });
  };

  function ask(program: Exec, given: Values) {
    const made = runLogin(program, given);
    const holder = { until: Date.now() + 60_000, credentials: made.then(({ credentials }) => credentials) };
    made.then(
      ({ until }) => (kept = { ...holder, until }),
      () => (kept = undefined),
    );
    return holder;
  }
}

const Answer = z.looseObject({
  status: z.looseObject({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});

/** Runs the program that gives credentials: `aws eks get-token`, `gke-gcloud-auth-plugin`, `kubelogin`. */
async function runLogin(
  { command, args, env: more, apiVersion }: Exec,
  env: Values,
): Promise<{ credentials: Credentials; until: number }> {
  const info = { kind: 'ExecCredential', apiVersion, spec: { interactive: false } };
  const variables = Object.fromEntries((more ?? []).map(({ name, value }) => [name, value]));
  try {
    const { stdout } = await promisify(execFile)(command, args ?? [], {
      env: { ...env, ...variables, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    const { status } = Answer.parse(JSON.parse(stdout));
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp: until } = status;
    const credentials = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    };
    // A minute before it ends, and every half hour where it does not say when.
    return { credentials, until: until === undefined ? Date.now() + 1_800_000 : Date.parse(until) - 60_000 };
  } catch (cause) {
    const problem = messageOf(cause).split('\n').slice(0, 3).join(' ');
    throw clusterErrors.KUBERNETES_LOGIN_FAILED({ command: [command, ...(args ?? [])].join(' '), problem }, { cause });
  }
}

/** What stands in a configuration in base64, or in a file beside it. */
function content(data: string | undefined, file: string | undefined, folder: string): string | undefined {
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  return file === undefined ? undefined : readFileSync(resolve(folder, file), 'utf8');
}
