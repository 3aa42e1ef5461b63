import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly at: Date;
  /** `x-amz-meta-…` and the like, given back as they came. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a test does to a request: lets it be, fails it with a status, breaks the connection, or breaks it in the middle of the answer. */
export type Mischief = (request: {
  readonly method: string;
  readonly path: string;
  readonly number: number;
}) => number | 'break' | 'cut' | undefined;

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, Stored>;
  /** Requests that came, as `GET bucket/key`. */
  readonly requests: string[];
  mischief: Mischief | undefined;
}

/**
 * A server that speaks enough of S3 for the datastore, with objects in memory: for tests that need no Python, and that break things on
 * purpose. `interop/` has the same tests against servers that others made. It checks no signature.
 */
export async function s3Server(): Promise<S3Server> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, { readonly headers: Stored['headers']; readonly parts: Map<number, Buffer> }>();
  const requests: string[] = [];
  let count = 0;

  const store = (key: string, bytes: Buffer, headers: Stored['headers'], parts?: number): Stored => {
    const md5 = createHash('md5').update(bytes).digest('hex');
    const etag = parts === undefined ? `"${md5}"` : `"${md5}-${parts}"`;
    // Objects have times of whole seconds.
    const made = { bytes, etag, at: new Date(Math.floor(Date.now() / 1000) * 1000), headers };
    objects.set(key, made);
    return made;
  };

  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const key = decodeURIComponent(url.pathname.slice(1));
      const method = request.method ?? 'GET';
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      requests.push(`${method} ${key}`);
      count += 1;
      const mischief = api.mischief?.({ method, path: key, number: count });
      if (mischief === 'break') return request.socket.destroy();
      if (typeof mischief === 'number') return fail(response, mischief, 'InternalError');
      const body = Buffer.concat(chunks);
      answer({ request, response, url, key, method, body, isCut: mischief === 'cut' });
      return undefined;
    })();
  });

  function answer(of: Asked): void {
    const { request, response, url, key, method, body } = of;
    const query = url.searchParams;
    const found = objects.get(key);
    if (!key.includes('/') || key.endsWith('/')) return ofBucket(of, key.replace(/\/$/, ''));
    if (query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, { headers: keptHeaders(request), parts: new Map() });
      return xml(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const upload = uploads.get(query.get('uploadId') ?? '');
    if (query.has('uploadId') && !upload) return fail(response, 404, 'NoSuchUpload');
    if (upload && method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      response.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`).end();
      return undefined;
    }
    if (upload && method === 'DELETE') {
      uploads.delete(query.get('uploadId') ?? '');
      return void response.writeHead(204).end();
    }
    if (method === 'PUT' || upload) {
      const { 'if-none-match': ifNone, 'if-match': ifMatch, 'x-amz-copy-source': source } = request.headers;
      if (ifNone === '*' && found) return fail(response, 412, 'PreconditionFailed');
      if (ifMatch !== undefined && !found) return fail(response, 404, 'NoSuchKey');
      if (ifMatch !== undefined && found?.etag !== ifMatch) return fail(response, 412, 'PreconditionFailed');
      if (typeof source === 'string') {
        const from = objects.get(decodeURIComponent(source).replace(/^\//, ''));
        if (!from) return fail(response, 404, 'NoSuchKey');
        const made = store(key, from.bytes, keptHeaders(request));
        return xml(response, `<CopyObjectResult><ETag>${made.etag}</ETag></CopyObjectResult>`);
      }
      if (!upload) {
        response.setHeader('etag', store(key, body, keptHeaders(request)).etag).end();
        return undefined;
      }
      const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, bytes]) => bytes);
      const made = store(key, Buffer.concat(parts), upload.headers, parts.length);
      uploads.delete(query.get('uploadId') ?? '');
      return xml(response, `<CompleteMultipartUploadResult><ETag>${made.etag}</ETag></CompleteMultipartUploadResult>`);
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (!found) return method === 'HEAD' ? void response.writeHead(404).end() : fail(response, 404, 'NoSuchKey');
    return give(of, found);
  }

  function give({ request, response, method, isCut }: Asked, { bytes, etag, at, headers }: Stored): void {
    const given = { ...headers, etag, 'last-modified': at.toUTCString() };
    const [, from = '', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== etag) {
      return fail(response, 412, 'PreconditionFailed');
    }
    if (from === '' || method === 'HEAD') {
      response.writeHead(200, { ...given, 'content-length': bytes.length }).end(method === 'HEAD' ? undefined : bytes);
      return undefined;
    }
    if (Number(from) >= bytes.length) return fail(response, 416, 'InvalidRange');
    const part = bytes.subarray(Number(from), to === '' ? undefined : Number(to) + 1);
    const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
    response.writeHead(206, { ...given, 'content-length': part.length, 'content-range': range });
    if (isCut) response.write(part.subarray(0, part.length >> 1), () => request.socket.destroy());
    else response.end(part);
    return undefined;
  }

  function ofBucket({ response, url, method, body }: Asked, bucket: string): void {
    const query = url.searchParams;
    if (method === 'POST' && query.has('delete')) {
      for (const [, key = ''] of body.toString('utf8').matchAll(/<Key>([^<]*)<\/Key>/g)) {
        objects.delete(`${bucket}/${unescape(key)}`);
      }
      return xml(response, '<DeleteResult></DeleteResult>');
    }
    if (method === 'HEAD' || method === 'PUT') return void response.writeHead(200).end();
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
    const most = Number(query.get('max-keys') ?? 1000);
    const after = query.get('continuation-token') ?? '';
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(`${bucket}/${prefix}`))
      .map((key) => key.slice(bucket.length + 1))
      .sort();
    const folderOf = (key: string): string | undefined => {
      const at = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      return at < 0 ? undefined : key.slice(0, at + 1);
    };
    const entries = [...new Set(keys.map((key) => folderOf(key) ?? key))].filter((entry) => entry > after);
    const page = entries.slice(0, most);
    const listed = page.map((entry) => {
      const stored = objects.get(`${bucket}/${entry}`);
      if (!stored) return `<CommonPrefixes><Prefix>${escape(entry)}</Prefix></CommonPrefixes>`;
      return `<Contents><Key>${escape(entry)}</Key><Size>${stored.bytes.length}</Size><ETag>${stored.etag}</ETag><LastModified>${stored.at.toISOString()}</LastModified></Contents>`;
    });
    const more =
      entries.length > most ? `<NextContinuationToken>${escape(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    return xml(
      response,
      `<ListBucketResult>${more}<IsTruncated>${entries.length > most}</IsTruncated>${listed.join('')}</ListBucketResult>`,
    );
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on a port.
  const api: S3Server = {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    requests,
    mischief: undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
  return api;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly key: string;
  readonly method: string;
  readonly body: Buffer;
  readonly isCut: boolean;
}

function keptHeaders({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => name.startsWith('x-amz-meta-') || name === 'x-amz-server-side-encryption' || name === 'content-type',
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

function xml(response: ServerResponse, content: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${content}`);
}

function fail(response: ServerResponse, status: number, code: string): void {
  const message = `<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  response.writeHead(status, { 'content-type': 'application/xml' }).end(message);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
