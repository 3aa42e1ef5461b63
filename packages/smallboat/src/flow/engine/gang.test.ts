import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { flow } from '../compose/flow.ts';
import { gang } from '../compose/gang.ts';
import { step } from '../compose/step.ts';
import { each } from '../compose/each.ts';
import { readRun } from '../read-run.ts';
import { resumeFlow, runErrors, runFlow } from '../run-flow.ts';
import { inMemoryRunStore } from '../store-in-memory.ts';
import { gangErrors } from './gang.ts';

const module = import.meta.url;
const sum = step('sum', {
  run: ({ parts }: { parts: readonly { made: number }[] }) => ({ all: parts.map(({ made }) => made) }),
});

describe('a gang', () => {
  it('runs all of its tasks at the same time: each waits for all others', async () => {
    let here = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const meet = step('meet', {
      run: async (_: object, { gang: own }) => {
        if ((here += 1) === own?.count) resolve();
        await promise;
        return { made: own?.index ?? -1, main: own?.mainAddress };
      },
    });
    const flowOf = flow('Meeting', {}, () => sum({ parts: gang(3, () => meet({})) }));
    const run = await runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: 3 });
    expect((await run.result()).all).toEqual([0, 1, 2]);
    expect(await run.read(meet)).toMatchObject([{ main: '127.0.0.1' }, { main: '127.0.0.1' }, { main: '127.0.0.1' }]);
  });

  it('talks through the main one', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
    const heard: Promise<number>[] = [];
    server.on('connection', (socket) =>
      heard.push(new Promise((resolve) => socket.once('data', (data) => resolve(Number(data.toString()))))),
    );
    const talk = step('talk', {
      run: async (_: object, { gang: own = { index: 0, count: 1, mainAddress: '' } }) => {
        if (own.index > 0) {
          const socket = connect(port, own.mainAddress);
          await new Promise<void>((resolve) => socket.end(String(own.index * 10), resolve));
          return { made: 0 };
        }
        while (heard.length < own.count - 1) await delay(1);
        return { made: (await Promise.all(heard)).reduce((a, b) => a + b, 0) };
      },
    });
    const flowOf = flow('Talking', {}, () => sum({ parts: gang(3, () => talk({})) }));
    const run = await runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: 3 });
    server.close();
    expect((await run.result()).all).toEqual([30, 0, 0]);
  });

  it('of a number that a step made, or a parameter, in each of a list', async () => {
    const size = step('size', { run: ({ n }: { n: number }) => ({ count: n }) });
    const part = step('part', { run: (_: object, { gang: own }) => ({ made: own?.count ?? 0 }) });
    const flowOf = flow('Sizes', { n: z.number().default(2) }, ({ n }) => {
      const byParam = sum({ parts: gang(n, () => part({})) });
      const lists = each([1, 3], (x) => {
        const { count } = size({ n: x });
        return sum.as('inner')({ parts: gang(count, () => part.as('part2')({})) });
      });
      return step('end2', {
        run: ({ a, b }: { a: readonly number[]; b: readonly { all: number[] }[] }) => ({ a, b: b.map((x) => x.all) }),
      })({ a: byParam.all, b: lists });
    });
    const run = await runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: 3 });
    expect(await run.result()).toEqual({ a: [2, 2], b: [[1], [3, 3, 3]] });
  });

  it('of which one fails is tried again as a whole', async () => {
    const ran: string[] = [];
    const flaky = step('flaky', {
      retry: { times: 1, backoffSeconds: 0 },
      run: async (_: object, { gang: own, attempt, signal }) => {
        ran.push(`${own?.index} ${attempt}`);
        if (attempt === 0 && own?.index === 1) throw new Error('once');
        if (attempt === 0 && own?.index === 2)
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return { made: attempt };
      },
    });
    const flowOf = flow('Flaky', {}, () => sum({ parts: gang(3, () => flaky({})) }));
    const run = await runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: 3 });
    expect((await run.result()).all).toEqual([1, 1, 1]);
    expect(ran.sort()).toEqual(['0 0', '0 1', '1 0', '1 1', '2 0', '2 1']);
  });

  it('that fails for good says which task it was, and a resumed run runs all of it again', async () => {
    const broken = join(await mkdtemp(join(tmpdir(), 'smallboat-gang-')), 'broken');
    await writeFile(broken, '');
    let isBroken = true;
    const ran: number[] = [];
    const part = step('part', {
      run: (_: object, { gang: own }) => {
        ran.push(own?.index ?? -1);
        if (isBroken && own?.index === 1) throw new Error('broken');
        return { made: own?.index ?? 0 };
      },
    });
    const flowOf = flow('Broken', {}, () => sum({ parts: gang(2, () => part({})) }));
    const store = inMemoryRunStore();
    const error: unknown = await runFlow(flowOf, { module, store, maxWorkers: 2 }).catch((e: unknown) => e);
    expect(runErrors.STEP_FAILED.is(error) && error.facts).toMatchObject({ task: 'part[1]' });
    const [latest] = await store.runs('Broken');
    const view = await readRun(store, { flow: 'Broken', run: latest?.run ?? '' });
    expect(view.state).toBe('failed');
    isBroken = false;
    ran.length = 0;
    const run = await resumeFlow(flowOf, { module, store, maxWorkers: 2 });
    expect((await run.result()).all).toEqual([0, 1]);
    expect(ran.toSorted((a, b) => a - b)).toEqual([0, 1]);
  });

  it('that was done is taken over by a resumed run', async () => {
    let isBroken = true;
    let ran = 0;
    const part = step('part', {
      run: (_: object, { gang: own }) => {
        ran += 1;
        return { made: own?.index ?? 0 };
      },
    });
    const after = step('after', {
      run: ({ all }: { all: readonly number[] }) => {
        if (isBroken) throw new Error('broken');
        return { all };
      },
    });
    const flowOf = flow('Taken', {}, () => after({ all: sum({ parts: gang(2, () => part({})) }).all }));
    const store = inMemoryRunStore();
    await runFlow(flowOf, { module, store, maxWorkers: 2 }).catch(() => undefined);
    isBroken = false;
    const run = await resumeFlow(flowOf, { module, store, maxWorkers: 2 });
    expect([(await run.result()).all, ran]).toEqual([[0, 1], 2]);
  });

  it.each([
    [2, 1, 3],
    [3, 2, 2],
  ])('is refused where no %d tasks run at once', async (size, cpu, count) => {
    const part = step('part', { resources: { cpu }, run: () => ({ made: 1 }) });
    const flowOf = flow('Wide', {}, () => sum({ parts: gang(count, () => part({})) }));
    const running = runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: size });
    const error: unknown = await running.catch((e: unknown) => e);
    expect(gangErrors.GANG_TOO_WIDE.is(error) && error.facts).toEqual({ step: 'part', count, cpu, size });
  });

  it('is refused a number that is none', async () => {
    const size = step('size', { run: () => ({ count: 1.5 }) });
    const part = step('part', { run: () => ({ made: 1 }) });
    const flowOf = flow('None', {}, () => sum({ parts: gang(size({}).count, () => part({})) }));
    const error: unknown = await runFlow(flowOf, { module, store: inMemoryRunStore() }).catch((e: unknown) => e);
    expect(gangErrors.GANG_COUNT_INVALID.is(error) && error.facts).toEqual({ step: 'part', found: '1.5' });
  });

  it('waits for its places beside others, and two gangs do not wait for each other', async () => {
    const part = step('part', {
      run: async (_: object, { gang: own }) => {
        await delay(5);
        return { made: own?.index ?? 0 };
      },
    });
    const flowOf = flow('Two', {}, () => {
      const parts = each([1, 2, 3, 4], () => sum({ parts: gang(2, () => part({})) }));
      return step('end2', { run: ({ parts: p }: { parts: readonly { all: number[] }[] }) => ({ n: p.length }) })({
        parts,
      });
    });
    const run = await runFlow(flowOf, { module, store: inMemoryRunStore(), maxWorkers: 3 });
    expect(await run.result()).toEqual({ n: 4 });
  });
});
