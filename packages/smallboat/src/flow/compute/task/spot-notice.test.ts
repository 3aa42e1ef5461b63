import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { type SpotWatch, watchForSpotNotice } from './spot-notice.ts';

let close = (): void => undefined;
afterEach(() => close());

/** EC2's instance metadata, as a server: what each path answers, and what was asked. */
async function metadata(answers: Record<string, string>): Promise<{ env: Record<string, string>; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace('/latest/meta-data/', '');
    asked.push(path);
    if (request.method === 'PUT') return response.end('pass');
    const answer = request.headers['x-aws-ec2-metadata-token'] === 'pass' ? answers[path] : undefined;
    return answer === undefined ? response.writeHead(404).end() : response.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => void server.close();
  return {
    env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    asked,
  };
}

it('tells once when a spot instance will be taken away', async () => {
  const answers: Record<string, string> = { 'instance-life-cycle': 'spot' };
  const { env, asked } = await metadata(answers);
  const notices: Date[] = [];
  using watch = stopping(watchForSpotNotice({ env, every: 5, onNotice: (at) => notices.push(at) }));
  await vi.waitFor(() => expect(asked.filter((path) => path === 'spot/termination-time').length).toBeGreaterThan(2));
  expect(notices).toEqual([]);
  answers['spot/termination-time'] = '2026-11-23T11:29:26Z';
  await vi.waitFor(() => expect(notices).toEqual([new Date('2026-11-23T11:29:26Z')]));
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked.length).toBe(before);
  watch.stop();
});

it('asks no more on a machine that is not a spot instance', async () => {
  const { env, asked } = await metadata({
    'instance-life-cycle': 'on-demand',
    'spot/termination-time': '2026-11-23T11:29:26Z',
  });
  using _ = stopping(watchForSpotNotice({ env, every: 1, onNotice: () => expect.fail('no spot instance') }));
  await vi.waitFor(() => expect(asked).toContain('instance-life-cycle'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked).not.toContain('spot/termination-time');
});

function stopping(watch: SpotWatch): SpotWatch & Disposable {
  return { ...watch, [Symbol.dispose]: () => watch.stop() };
}
