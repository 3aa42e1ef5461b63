import { describe, expect, it, vi } from 'vitest';
import { type LogEvent, logTail } from './log-tail.ts';

const event = (id: number, stream: string, text: string): LogEvent => ({ id: String(id), stream, at: 1000 + id, text });

describe('the logs of jobs', () => {
  it('are told once each, and by job, however often they are read', async () => {
    const events: LogEvent[] = [event(1, 'a', 'one'), event(2, 'b', 'other')];
    const fetched: (readonly string[])[] = [];
    const tail = logTail({
      every: 1,
      onTrouble: () => expect.fail('no trouble'),
      fetch: (_, streams) => {
        fetched.push(streams);
        return Promise.resolve(events.filter(({ stream }) => streams.includes(stream)));
      },
    });
    const said: string[] = [];
    const a = tail.follow({ group: 'g', stream: 'a' }, (text) => said.push(`a ${text}`));
    const b = tail.follow({ group: 'g', stream: 'b' }, (text) => said.push(`b ${text}`));
    await vi.waitFor(() => expect(said).toHaveLength(2));
    events.push(event(3, 'a', 'two'));
    await Promise.all([a.end(0), b.end(0)]);
    expect(said).toEqual(['a one\n', 'b other\n', 'a two\n']);
    expect(fetched[0]).toEqual(['a']);
    expect(fetched.some((streams) => streams.length === 2)).toBe(true);
  });

  it('are waited for at the end, where they may come late', async () => {
    const events: LogEvent[] = [];
    const tail = logTail({ every: 1000, onTrouble: () => undefined, fetch: () => Promise.resolve([...events]) });
    const said: string[] = [];
    const following = tail.follow({ group: 'g', stream: 'a' }, (text) => said.push(text));
    setTimeout(() => events.push(event(1, 'a', 'last words')), 20);
    await following.end(60);
    expect(said).toEqual(['last words\n']);
  });

  it('are let be where they cannot be read, which is said once', async () => {
    const troubles: string[] = [];
    const tail = logTail({
      every: 1,
      onTrouble: (problem) => troubles.push(problem),
      fetch: () => Promise.reject(Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' })),
    });
    await tail.follow({ group: 'g', stream: 'a' }, () => undefined).end(0);
    await tail.follow({ group: 'g', stream: 'b' }, () => undefined).end(0);
    expect(troubles).toEqual(['AccessDeniedException: not allowed']);
  });
});
