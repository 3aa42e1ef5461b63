import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { publisher } from './publisher.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const fail = (error: unknown): never => {
  throw error;
};

describe('a publisher', () => {
  it('writes a second after the first change, once for all changes until then', async () => {
    let writes = 0;
    const live = publisher({ write: async () => void (writes += 1), onError: fail });
    for (let i = 0; i < 100; i += 1) live.changed();
    expect(writes).toBe(0);
    await vi.advanceTimersByTimeAsync(999);
    expect(writes).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(writes).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(writes).toBe(1);
  });

  it('writes what changed last, however soon after a write', async () => {
    let value = 0;
    const written: number[] = [];
    const live = publisher({ write: async () => void written.push(value), onError: fail });
    value = 1;
    live.changed();
    await vi.advanceTimersByTimeAsync(1000);
    value = 2;
    live.changed();
    value = 3;
    live.changed();
    await vi.advanceTimersByTimeAsync(1000);
    expect(written).toEqual([1, 3]);
  });

  it('writes from a change, where a body lets no timer come', () => {
    let [time, writes] = [0, 0];
    const live = publisher({
      write: async () => void (writes += 1),
      isImmediate: true,
      onError: fail,
      now: () => time,
    });
    for (time = 0; time <= 10_000; time += 10) live.changed();
    expect(writes).toBe(10);
  });

  it('writes one at a time, and takes a twentieth of the time at most', async () => {
    let [writing, most, writes] = [0, 0, 0];
    const write = async (): Promise<void> => {
      writing += 1;
      most = Math.max(most, writing);
      await new Promise((resolve) => setTimeout(resolve, 500));
      writing -= 1;
      writes += 1;
    };
    const live = publisher({ write, onError: fail, now: Date.now });
    const timer = setInterval(() => live.changed(), 50);
    await vi.advanceTimersByTimeAsync(60_000);
    clearInterval(timer);
    expect(most).toBe(1);
    expect(writes).toBeGreaterThanOrEqual(5);
    expect(writes).toBeLessThanOrEqual(6);
  });

  it('refreshes at once, after what is under way', async () => {
    let value = 0;
    const written: number[] = [];
    const write = async (): Promise<void> => {
      const taken = value;
      await new Promise((resolve) => setTimeout(resolve, 100));
      written.push(taken);
    };
    const live = publisher({ write, onError: fail });
    value = 1;
    const first = live.refresh();
    value = 2;
    const second = live.refresh();
    await vi.advanceTimersByTimeAsync(100);
    await first;
    await vi.advanceTimersByTimeAsync(100);
    await second;
    expect(written).toEqual([1, 2]);
  });

  it('tells of a write that failed, and goes on', async () => {
    const errors: unknown[] = [];
    const live = publisher({
      write: async () => {
        throw new Error('full');
      },
      onError: (error) => void errors.push(error),
    });
    await live.refresh();
    live.changed();
    await vi.advanceTimersByTimeAsync(1000);
    expect(errors).toHaveLength(2);
  });

  it('writes nothing after its end', async () => {
    let writes = 0;
    const live = publisher({ write: async () => void (writes += 1), onError: fail });
    live.changed();
    await live.close();
    live.changed();
    await live.refresh();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(writes).toBe(0);
  });
});
