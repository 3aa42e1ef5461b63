import { connect } from 'node:net';

/** What clients met, together. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Milliseconds from the last byte asked to the last byte answered. */
  readonly p50: number;
  readonly p99: number;
  readonly answers: number;
  /** Answers other than 2xx: a figure with any of them is not to be believed. */
  readonly refused: number;
}

/**
 * Asks `url` over and over on `connections` kept-alive connections, each with one request under way. It reads no more of an
 * answer than its status and its length, so that the machine is left to the server.
 */
export async function load(
  url: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<LoadResult> {
  const { hostname, port, pathname, search, host } = new URL(url);
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const latencies: number[] = [];
  let refused = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  const client = async (): Promise<void> =>
    new Promise((resolve, reject) => {
      let sent = 0;
      let pending = '';
      const socket = connect(Number(port), hostname, () => send());
      const send = (): void => {
        sent = performance.now();
        if (sent < end) socket.write(request);
        else socket.end(resolve);
      };
      socket.setNoDelay(true);
      socket.on('error', reject).on('data', (part: Buffer) => {
        pending += part.toString('latin1');
        const head = pending.indexOf('\r\n\r\n');
        if (head === -1) return;
        const length = /content-length: *(\d+)/i.exec(pending.slice(0, head))?.[1];
        if (length === undefined) {
          socket.destroy(new Error(`An answer without a length: ${pending.slice(0, head)}`));
          return;
        }
        if (pending.length < head + 4 + Number(length)) return;
        if (!pending.startsWith('HTTP/1.1 2')) refused++;
        pending = '';
        latencies.push(performance.now() - sent);
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, client));
  const elapsed = (performance.now() - start) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { requestsPerSecond: sorted.length / elapsed, p50: at(0.5), p99: at(0.99), answers: sorted.length, refused };
}
