import { describe, expect, it } from 'vitest';

/** A container that was started, however. */
export interface RunningContainer extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  /** Sends SIGTERM; resolves with the exit code once the process is gone. */
  terminate(): Promise<number | null>;
}

export interface Conformance {
  readonly name: string;
  /** Starts the container with `serve` and a model; resolves when it is started, ready or not. */
  readonly start: () => Promise<RunningContainer>;
  /** Bytes of a request that it must take; SageMaker lets 6 MB through. Default 6,000,000. */
  readonly payloadBytes?: number;
}

/**
 * What SageMaker asks of a container for inference, as tests on a process, without Docker: the ping within 2 s, `/invocations` in its forms, the payload, the
 * headers, batch transform's question, the end by SIGTERM within 30 s with what is under way answered.
 */
export function sagemakerConformance({ name, start, payloadBytes = 6_000_000 }: Conformance): void {
  describe(`${name} is a container for SageMaker`, () => {
    const ready = async (url: string): Promise<void> => {
      for (let tries = 0; ; tries++) {
        const ok = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2000) }).then(
          (response) => response.status === 200,
          () => false,
        );
        if (ok) return;
        if (tries === 400) throw new Error(`${url}/ping does not become 200.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const invoke = async (url: string, body: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${url}/invocations`, { method: 'POST', body, headers, signal: AbortSignal.timeout(60_000) });

    it('answers pings, and /invocations in JSON, JSON Lines and CSV alike', async () => {
      await using container = await start();
      const { url } = container;
      await ready(url);
      const asJson = await invoke(url, '{"instances":[["view","add"],["detail","add","remove"]]}', {
        'content-type': 'application/json',
      });
      const { predictions } = (await asJson.json()) as { readonly predictions: readonly [number][] };
      const numbers = predictions.map(([p]) => p);
      expect(numbers).toHaveLength(2);
      expect(numbers.every((p) => p > 0 && p < 1)).toBe(true);
      const asCsv = await invoke(url, 'view,add\ndetail,add,remove\n', {
        'content-type': 'text/csv',
        accept: 'text/csv',
      });
      expect(asCsv.headers.get('content-type')).toContain('text/csv');
      expect((await asCsv.text()).split('\n').map(Number)).toEqual(numbers);
      const asLines = await invoke(url, '["view","add"]\n["detail","add","remove"]', {
        'content-type': 'application/jsonlines',
        accept: 'application/jsonlines',
      });
      const lines = (await asLines.text()).split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { prediction: number }).prediction)).toEqual(numbers);
      // What the original project's function sent: start, actions and end as one-hot rows of 7, padded.
      const row = (at: number): readonly number[] => Array.from({ length: 7 }, (_, i) => (i === at ? 1 : 0));
      const seed = { instances: [[row(0), row(6), row(2), row(1), row(-1)]] };
      const asSeed = await invoke(url, JSON.stringify(seed), { 'content-type': 'application/json' });
      expect(((await asSeed.json()) as { predictions: unknown }).predictions).toEqual([[numbers[0]]]);
    });

    it('takes the payload that SageMaker lets through, answers pings beside it, and refuses what does not fit with 4xx', async () => {
      await using container = await start();
      const { url } = container;
      await ready(url);
      const rows = Math.floor(payloadBytes / 90);
      const csv = Array.from({ length: rows }, () => Array.from({ length: 18 }, () => 'view').join(',')).join('\n');
      const [big, ping] = await Promise.all([
        invoke(url, csv, { 'content-type': 'text/csv' }),
        fetch(`${url}/ping`, { signal: AbortSignal.timeout(2000) }),
      ]);
      expect([big.status, ping.status]).toEqual([200, 200]);
      expect((await big.text()).split('\n')).toHaveLength(rows);
      const statuses = await Promise.all(
        [
          ['{"instances":[["buy"]]}', 'application/json'],
          ['{', 'application/json'],
          ['view', 'application/x-npy'],
          ['', 'text/csv'],
        ].map(async ([body = '', type = '']) => (await invoke(url, body, { 'content-type': type })).status),
      );
      expect(statuses).toEqual([400, 400, 415, 400]);
    });

    it('hands the custom attributes back, and answers what batch transform asks first', async () => {
      await using container = await start();
      const { url } = container;
      await ready(url);
      const header = 'x-amzn-sagemaker-custom-attributes';
      const answer = await invoke(url, 'add', { 'content-type': 'text/csv', [header]: 'trace-7' });
      expect(answer.headers.get(header)).toBe('trace-7');
      const parameters = (await (await fetch(`${url}/execution-parameters`)).json()) as Record<string, unknown>;
      expect(parameters).toEqual({
        MaxConcurrentTransforms: expect.any(Number),
        BatchStrategy: 'MULTI_RECORD',
        MaxPayloadInMB: expect.any(Number),
      });
    });

    it('ends within 30 s of SIGTERM with code 0, and answers what was under way', async () => {
      await using container = await start();
      const { url } = container;
      await ready(url);
      const began = Date.now();
      const underWay = Array.from({ length: 20 }, () => invoke(url, 'view,add', { 'content-type': 'text/csv' }));
      const answers = await Promise.all(underWay.slice(0, 1));
      const ended = container.terminate();
      // Those that had a connection are answered; one that came too late to have one may be turned away.
      const rest = await Promise.allSettled(underWay);
      expect(answers[0]?.status).toBe(200);
      expect(rest.filter((r) => r.status === 'fulfilled' && r.value.status !== 200)).toEqual([]);
      expect(await ended).toBe(0);
      expect(Date.now() - began).toBeLessThan(30_000);
    });
  });
}
