import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localTracker } from '../local.ts';
import { syncTracked } from '../send/sync-tracked.ts';
import { cometDestination } from './comet-destination.ts';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly body: string;
}

/** Takes calls as Comet's documentation has them, and answers as it does. Fails the call of a number with 503. */
async function standIn(failing = -1): Promise<{ readonly url: string; readonly calls: Call[] } & AsyncDisposable> {
  const calls: Call[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (count++ === failing) return response.writeHead(503).end();
      const { method = '', url = '', headers } = request;
      calls.push({ method, path: url, key: headers.authorization, body: Buffer.concat(parts).toString() });
      const isNew = url.endsWith('/create');
      return response.end(JSON.stringify(isNew ? { experimentKey: 'k1', link: 'x' } : { msg: 'Saved' }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function send(url: string): Promise<{ readonly outcome: string | undefined }> {
  const local = localTracker({ folder: await mkdtemp(join(tmpdir(), 'smallboat-')) });
  const run = await local.startRun({
    id: 'one',
    experiment: 'intent',
    name: 'lstm',
    params: { units: 48 },
    tags: { stage: 'trial' },
    lineage: { dataSnapshot: 'abc' },
  });
  for (const i of [0, 1, 2]) await run.logMetrics({ loss: i }, { step: i, at: 1_000 + i });
  await run.logArtifact({ name: 'plots/roc.html', bytes: new TextEncoder().encode('<h1>ROC</h1>') });
  await run.finish();
  const destination = cometDestination({ apiKey: 'canary', workspace: 'team', url });
  const { signal } = new AbortController();
  const [synced] = await syncTracked(local, { destinations: [destination], signal, retryMs: 1 });
  return { outcome: synced?.outcome };
}

it('sends a run by the calls that Comet documents', async () => {
  await using comet = await standIn();
  expect(await send(comet.url)).toEqual({ outcome: 'sent' });
  const written = comet.calls.map(({ path, body }) => ({
    path: path.replace('/api/rest/v2/write/experiment/', ''),
    body: body.startsWith('{') ? (JSON.parse(body) as unknown) : body,
  }));
  expect(written).toContainEqual({
    path: 'create',
    body: { workspaceName: 'team', projectName: 'intent', experimentName: 'lstm' },
  });
  expect(written.filter(({ path }) => path === 'create')).toHaveLength(1);
  for (const step of [0, 1, 2]) {
    const metric = { experimentKey: 'k1', metricName: 'loss', metricValue: step, step, timestamp: 1_000 + step };
    expect(written).toContainEqual({ path: 'metric', body: metric });
  }
  expect(written).toContainEqual({
    path: 'parameter',
    body: { experimentKey: 'k1', parameterName: 'units', parameterValue: 48 },
  });
  expect(written).toContainEqual({ path: 'tags', body: { experimentKey: 'k1', addedTags: ['trial'] } });
  expect(written).toContainEqual({
    path: 'log-other',
    body: { experimentKey: 'k1', key: 'dataSnapshot', value: 'abc' },
  });
  const asset = written.find(({ path }) => path.startsWith('upload-asset'));
  expect(asset?.path).toBe('upload-asset?experimentKey=k1&fileName=plots%2Froc.html&type=asset&overwrite=true');
  expect(asset?.body).toContain('<h1>ROC</h1>');
  expect(written.at(-1)?.path).toBe('stop?experimentKey=k1');
  expect(new Set(comet.calls.map(({ key }) => key))).toEqual(new Set(['canary']));
});

it.each([0, 3, 5])('goes on with the same experiment after call %d failed', async (failing) => {
  await using comet = await standIn(failing);
  expect(await send(comet.url)).toEqual({ outcome: 'sent' });
  expect(comet.calls.filter(({ path }) => path.endsWith('/create'))).toHaveLength(1);
  expect(comet.calls.at(-1)?.path).toContain('/stop?');
});
