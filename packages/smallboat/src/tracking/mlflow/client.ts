import { openAsBlob } from 'node:fs';
import { extname } from 'node:path';
import { defineErrors } from '../../kernel/index.ts';
import { call, parsed, postJson, withoutSecrets } from '../http.ts';

export interface MlflowOptions {
  /** `http://host:5000`, as MLFLOW_TRACKING_URI has it; user and password may be in it. */
  readonly uri: string;
  /** MLFLOW_TRACKING_TOKEN. */
  readonly token?: string;
  /** MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD. */
  readonly username?: string;
  readonly password?: string;
  /** Seconds that a call may take. Default 60. */
  readonly timeoutSeconds?: number;
}

/** The key of a server, as MLflow's own client reads it from the environment. */
export function mlflowLogin(
  env: Readonly<Record<string, string | undefined>>,
): Pick<MlflowOptions, 'token' | 'username' | 'password'> {
  const token = env['MLFLOW_TRACKING_TOKEN'];
  const username = env['MLFLOW_TRACKING_USERNAME'];
  const password = env['MLFLOW_TRACKING_PASSWORD'];
  return {
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

/** MLflow's REST API: https://mlflow.org/docs/latest/rest-api.html. Answers are parsed by whoever asks. */
export interface MlflowClient {
  /** `mlflow:http://host:5000`, without secrets. */
  readonly location: string;
  post(path: string, body: unknown, signal?: AbortSignal): Promise<unknown>;
  patch(path: string, body: unknown, signal?: AbortSignal): Promise<unknown>;
  delete(path: string, body: unknown, signal?: AbortSignal): Promise<unknown>;
  get(path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<unknown>;
  /** Stores a file or bytes under an artifact root that MLflow's server keeps. Rejects with `MLFLOW_ARTIFACTS_ELSEWHERE`. */
  putArtifact(root: string, name: string, content: string | Uint8Array, signal?: AbortSignal): Promise<void>;
  getArtifact(root: string, name: string, signal?: AbortSignal): Promise<Response>;
}

export const mlflowErrors = defineErrors({
  MLFLOW_URI_INVALID: (f: { uri: string }) =>
    `MLFLOW_TRACKING_URI is ${f.uri}, and must be the address of an MLflow server, as http://host:5000. Start one with 'mlflow server'.`,
  MLFLOW_ARTIFACTS_ELSEWHERE: (f: { root: string }) =>
    `MLflow's server keeps artifacts at ${f.root}, which only its Python client can write. Start it with --artifacts-destination instead of --default-artifact-root.`,
});

/** A client of an MLflow server. Throws `MLFLOW_URI_INVALID`. */
export function mlflowClient({ uri, token, username, password, timeoutSeconds = 60 }: MlflowOptions): MlflowClient {
  if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol)) {
    // A URL with another protocol may hold a password as well.
    throw mlflowErrors.MLFLOW_URI_INVALID({ uri: URL.canParse(uri) ? withoutSecrets(uri) : uri });
  }
  const url = new URL(uri);
  const base = withoutSecrets(uri);
  const location = `mlflow:${base}`;
  const user = username ?? decodeURIComponent(url.username);
  const pass = password ?? decodeURIComponent(url.password);
  const authorization =
    token !== undefined
      ? `Bearer ${token}`
      : user === ''
        ? undefined
        : `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;
  const headers = authorization === undefined ? {} : { authorization };
  const api = `${base}/api/2.0/mlflow`;
  const artifact = (root: string, name: string): string =>
    `${base}/api/2.0/mlflow-artifacts/artifacts/${[...pathOf(root).split('/'), ...name.split('/')].map(encodeURIComponent).join('/')}`;
  const send = (method: 'POST' | 'PATCH' | 'DELETE') => (path: string, body: unknown, signal?: AbortSignal) =>
    postJson(location, `${api}/${path}`, { method, body, headers, signal, timeoutSeconds });
  return {
    location,
    post: send('POST'),
    patch: send('PATCH'),
    delete: send('DELETE'),
    async get(path, query, signal) {
      const answer = await call(location, `${api}/${path}?${new URLSearchParams(query).toString()}`, {
        headers,
        signal,
        timeoutSeconds,
      });
      return parsed(location, await answer.text());
    },
    async putArtifact(root, name, content, signal) {
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      await call(location, artifact(root, name), {
        method: 'PUT',
        headers: { ...headers, 'content-type': type },
        // From the disk as it goes: memory does not grow with the file.
        body: typeof content === 'string' ? await openAsBlob(content) : content,
        signal,
        timeoutSeconds: Math.max(timeoutSeconds, 600),
      });
    },
    getArtifact: (root, name, signal) =>
      call(location, artifact(root, name), { headers, signal, timeoutSeconds: Math.max(timeoutSeconds, 600) }),
  };
}

function pathOf(root: string): string {
  const [, path] = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/.exec(root) ?? [];
  if (path === undefined) throw mlflowErrors.MLFLOW_ARTIFACTS_ELSEWHERE({ root });
  return path;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.md': 'text/markdown',
  '.csv': 'text/csv',
};
