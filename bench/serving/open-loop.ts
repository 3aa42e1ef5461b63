import { Agent, request } from 'node:http';

export interface OpenLoopOptions {
  /** Requests a second, sent at their time whether earlier ones are answered or not. */
  readonly rate: number;
  readonly seconds: number;
  /** Sent by POST as JSON; without it the URL is got. */
  readonly body?: string;
}

export interface OpenLoopResult {
  readonly sent: number;
  /** Answers by status; 0 for those that got none. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Milliseconds from the moment at which a request was due, so that waiting in a queue counts. Of answers with 2xx. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** Asks at a fixed rate: a server that falls behind is not spared, as it is where each client waits for its answer. */
export async function openLoop(url: string, { rate, seconds, body }: OpenLoopOptions): Promise<OpenLoopResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 800 });
  const statuses: Record<number, number> = {};
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const total = Math.round(rate * seconds);
  const began = performance.now();
  let sent = 0;
  const send = async (due: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (status: number): void => {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status >= 200 && status < 300) latencies.push(performance.now() - due);
        resolve();
      };
      const headers =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const asked = request(
        url,
        { agent, method: body === undefined ? 'GET' : 'POST', headers, timeout: 30_000 },
        (response) => {
          response.resume().once('end', () => done(response.statusCode ?? 0));
        },
      );
      asked.once('error', () => done(0)).once('timeout', () => asked.destroy());
      asked.end(body);
    });
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate));
      while (sent < due) pending.push(send(began + (sent++ / rate) * 1000));
      if (sent === total) {
        clearInterval(timer);
        resolve();
      }
    }, 1);
  });
  await Promise.all(pending);
  agent.destroy();
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { sent, statuses, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
