import type { JobDetail } from '@aws-sdk/client-batch';
import { describe, expect, it } from 'vitest';
import { MOST, jobPoller } from './job-poller.ts';

const job = (jobId: string, status: string): JobDetail => ({ jobId, status }) as JobDetail;
const never = new AbortController().signal;

/** A service whose jobs end when they have been asked about `life` times; how long was waited between. */
function aService(life: number) {
  const asked: (readonly string[])[] = [];
  const waits: number[] = [];
  const looks = new Map<string, number>();
  const poller = jobPoller({
    describe: (ids) => {
      asked.push(ids);
      return Promise.resolve(
        ids.map((id) => {
          const times = (looks.get(id) ?? 0) + 1;
          looks.set(id, times);
          return job(id, times >= life ? 'SUCCEEDED' : 'RUNNING');
        }),
      );
    },
    wait: async (milliseconds) => {
      waits.push(milliseconds);
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  return { poller, asked, waits };
}

describe('watching jobs', () => {
  it('asks for a hundred at once, and not for each', async () => {
    const { poller, asked } = aService(3);
    const ids = Array.from({ length: 250 }, (_, i) => `j${i}`);
    const ends = await Promise.all(ids.map((id) => poller.watch(id, { signal: never, onChange: () => undefined })));
    expect(ends.map(({ jobId }) => jobId)).toEqual(ids);
    expect(Math.max(...asked.map((some) => some.length))).toBe(MOST);
    expect(asked.length).toBeLessThan(15);
  });

  it('tells each state once, and asks ever more seldom while nothing changes', async () => {
    const { poller, waits } = aService(20);
    const states: (string | undefined)[] = [];
    await poller.watch('j', { signal: never, onChange: ({ status }) => states.push(status) });
    expect(states).toEqual(['RUNNING', 'SUCCEEDED']);
    expect(waits[0]).toBe(500);
    expect(waits.slice(1).every((wait, i) => wait >= (waits[i] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBe(10_000);
  });

  it('goes on where the service cannot be asked, and waits for a job that is not known yet', async () => {
    const answers: (readonly JobDetail[] | Error)[] = [[], new Error('throttled'), [], [job('j', 'SUCCEEDED')]];
    const poller = jobPoller({
      describe: () => {
        const answer = answers.shift() ?? [];
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
      wait: () => Promise.resolve(),
    });
    expect(await poller.watch('j', { signal: never, onChange: () => undefined })).toMatchObject({
      status: 'SUCCEEDED',
    });
  });

  it('gives up a job that the service has forgotten', async () => {
    const poller = jobPoller({ describe: () => Promise.resolve([]), wait: () => Promise.resolve() });
    await expect(poller.watch('j', { signal: never, onChange: () => undefined })).rejects.toThrow(/not known any more/);
  });

  it('lets go when it is told to', async () => {
    const stop = new AbortController();
    const poller = jobPoller({
      describe: () => {
        stop.abort();
        return Promise.resolve([job('j', 'RUNNING')]);
      },
      wait: () => Promise.resolve(),
    });
    await expect(poller.watch('j', { signal: stop.signal, onChange: () => undefined })).rejects.toThrow(
      /no longer watched/,
    );
  });
});
