/**
 * What a container runs first: it fetches the code package, checks it, unpacks it and runs the task in it. The image needs Node and nothing
 * else. Sent as part of the job, so that this file stands alone: it uses what Node brings, and nothing of ours.
 */
import { createHash, createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

type Env = Readonly<Record<string, string | undefined>>;

/** What is read of the order. */
interface Order {
  readonly code: { readonly url: string; readonly key: string };
  readonly store?: { readonly datastore?: { readonly endpoint?: string; readonly region?: string } };
  readonly folder: string;
}

/** What the package has as `run/task.js`. */
interface Task {
  readonly runTask: (env: Env, module: string) => Promise<number>;
}

/** Exit codes of `exit-codes.ts`, which this file cannot import. */
const NO_NODE = 66;
const CODE_UNUSABLE = 67;

/** Lowest version of Node that runs a code package. */
const NODE = 22;

/** Runs the task that `SMALLBOAT_TASK` names; sets the exit code of this process. */
export async function boot(env: Env): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) < NODE) {
    process.stderr.write(`[smallboat] the image has Node ${process.version}, and Node ${NODE} or later is needed\n`);
    process.exitCode = NO_NODE;
    return;
  }
  let folder: string | undefined;
  try {
    const order = JSON.parse(env['SMALLBOAT_TASK'] ?? '') as Order; // Written by us.
    folder = mkdtempSync(join(tmpdir(), 'smallboat-code-'));
    unpack(await patiently(() => fetchCode(order, env)), folder);
    lendPackages(folder, env);
    const start = join(folder, order.folder);
    mkdirSync(start, { recursive: true });
    process.chdir(start);
    process.setSourceMapsEnabled(true);
    process.env['NODE_OPTIONS'] = `${env['NODE_OPTIONS'] ?? ''} --enable-source-maps`.trim();
  } catch (error) {
    process.stderr.write(
      `[smallboat] the code package cannot be used: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = CODE_UNUSABLE;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return;
  }
  const root = folder;
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  const urlOf = (name: string): string => pathToFileURL(join(root, 'run', name)).href;
  const { runTask } = (await import(urlOf('task.js'))) as Task;
  process.exitCode = await runTask(env, urlOf('flow.js'));
  // What a library left open, a connection say, holds up nothing.
  setTimeout(() => process.exit(), 1000).unref();
}

/** The bytes of the code package. Rejects where they do not have the hash that is their name. */
async function fetchCode({ code: { url, key }, store }: Order, env: Env): Promise<Uint8Array> {
  const bytes = url.startsWith('s3:')
    ? await fromS3(url, store?.datastore ?? {}, env)
    : readFileSync(fileURLToPath(url));
  const found = createHash(key.length === 40 ? 'sha1' : 'sha256')
    .update(bytes)
    .digest('hex');
  if (found !== key) throw final(`${url} has the hash ${found}, and not ${key}`);
  return bytes;
}

/** Five tries, with a second before the second, then two, four, eight. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isFinal = error instanceof Error && 'isFinal' in error;
      if (tries === 4 || isFinal) throw error;
      await delay(1000 * 2 ** tries);
    }
  }
}

/** An object of S3, by a request that is signed as AWS asks it (Signature Version 4). */
async function fromS3(
  url: string,
  said: { readonly endpoint?: string; readonly region?: string },
  env: Env,
): Promise<Uint8Array> {
  const { endpoint, region = regionOf(env) } = said;
  const { hostname: bucket, pathname } = new URL(url);
  const at =
    endpoint === undefined && !bucket.includes('.')
      ? new URL(`https://${bucket}.s3.${region}.amazonaws.com${pathname}`)
      : new URL(`${(endpoint ?? `https://s3.${region}.amazonaws.com`).replace(/\/$/, '')}/${bucket}${pathname}`);
  const headers = signed(at, { region, keys: await credentials(env), now: new Date() });
  const answer = await fetch(at, { headers });
  if (answer.ok) return Buffer.from(await answer.arrayBuffer());
  const problem = `${url}: ${answer.status} ${(await answer.text()).slice(0, 300)}`;
  throw answer.status < 500 && answer.status !== 429 ? final(problem) : new Error(problem);
}

function regionOf(env: Env): string {
  return env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
}

/** What another try would not mend. */
function final(problem: string): Error {
  return Object.assign(new Error(problem), { isFinal: true });
}

export interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

/** Headers of a signed GET of S3. Exported for its test. */
export function signed(
  url: URL,
  { region, keys, now }: { readonly region: string; readonly keys: Keys; readonly now: Date },
): Record<string, string> {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), region, 's3', 'aws4_request'];
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': hash(''),
    'x-amz-date': time,
    ...(keys.token === undefined ? {} : { 'x-amz-security-token': keys.token }),
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const request = ['GET', url.pathname, url.search.slice(1), lines.join(''), names, hash('')].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash(request)].join('\n');
  let key: string | Buffer = `AWS4${keys.secret}`;
  for (const part of [...scope, text]) key = createHmac('sha256', key).update(part).digest();
  const signature = Buffer.from(key).toString('hex');
  const { host: _, ...sent } = headers;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** As AWS's own programs find them: the environment, the container's role, the service account's, the machine's. */
async function credentials(env: Env): Promise<Keys> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  if (id !== undefined && secret !== undefined) return { id, secret, ...(token === undefined ? {} : { token }) };
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = relative === undefined ? env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] : `http://169.254.170.2${relative}`;
  if (full !== undefined) {
    const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
    const pass = file === undefined ? env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] : readFileSync(file, 'utf8').trim();
    return keysOf(await (await get(full, pass === undefined ? {} : { authorization: pass })).text());
  }
  const [role, tokenFile] = [env['AWS_ROLE_ARN'], env['AWS_WEB_IDENTITY_TOKEN_FILE']];
  if (role !== undefined && tokenFile !== undefined) {
    const region = regionOf(env);
    const asked = new URL(
      env['AWS_ENDPOINT_URL_STS'] ?? env['AWS_ENDPOINT_URL'] ?? `https://sts.${region}.amazonaws.com`,
    );
    const query = {
      Action: 'AssumeRoleWithWebIdentity',
      Version: '2011-06-15',
      RoleArn: role,
      RoleSessionName: env['AWS_ROLE_SESSION_NAME'] ?? 'smallboat',
      WebIdentityToken: readFileSync(tokenFile, 'utf8').trim(),
    };
    for (const [name, value] of Object.entries(query)) asked.searchParams.set(name, value);
    return keysOf(await (await get(asked.href)).text());
  }
  const machine = `${env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] ?? 'http://169.254.169.254'}/latest`;
  const pass = await fetch(`${machine}/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    signal: AbortSignal.timeout(2000),
  }).then((answer) => answer.text());
  const roles = `${machine}/meta-data/iam/security-credentials/`;
  const headers = { 'x-aws-ec2-metadata-token': pass };
  return keysOf(await (await get(roles + (await (await get(roles, headers)).text()).trim(), headers)).text());
}

/** Of JSON (`"AccessKeyId": "…"`) and of XML (`<AccessKeyId>…`). */
function keysOf(text: string): Keys {
  const find = (name: string): string | undefined => new RegExp(`${name}"?\\s*[:>]\\s*"?([^"<]+)`).exec(text)?.[1];
  const [id, secret] = [find('AccessKeyId'), find('SecretAccessKey')];
  const token = find('SessionToken') ?? find('Token');
  if (id === undefined || secret === undefined) throw new Error('no credentials for S3 were found in this container');
  return { id, secret, ...(token === undefined ? {} : { token }) };
}

async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
  if (!answer.ok)
    throw new Error(`${url.split('?')[0] ?? ''}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  return answer;
}

/** Writes the files of a `.tar.gz`. Understands what ours have: long names by prefix and by PAX headers. */
export function unpack(packed: Uint8Array, folder: string): void {
  const bytes = gunzipSync(packed);
  const text = (from: number, length: number): string =>
    bytes.toString('utf8', from, from + length).split('\0')[0] ?? '';
  let longName: string | undefined;
  for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const kind = text(at + 156, 1);
    const content = bytes.subarray(at + 512, at + 512 + size);
    if (kind === 'x') {
      longName = /\d+ path=(.*)\n/.exec(content.toString('utf8'))?.[1];
    } else {
      const name = longName ?? [text(at + 345, 155), text(at, 100)].filter((part) => part !== '').join('/');
      longName = undefined;
      const path = join(folder, name);
      if (!path.startsWith(folder)) throw new Error(`${name} leads out of the package`);
      if (kind === '0' || kind === '') {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Packages that the image brings are found from the code as from any folder that lies beside them. */
function lendPackages(folder: string, env: Env): void {
  const found = [env['SMALLBOAT_NODE_MODULES'], join(process.cwd(), 'node_modules'), '/app/node_modules'].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (found !== undefined) symlinkSync(found, join(folder, 'node_modules'));
}
