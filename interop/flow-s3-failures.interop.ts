import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { each, flow, resumeFlow, runFlow, step } from '../packages/smallboat/src/flow/index.ts';
import { openRunStore } from '../packages/smallboat/src/flow/store/open-run-store.ts';
import type { RunStore } from '../packages/smallboat/src/flow/store/run-store.ts';
import { type S3Server, s3Server } from '../packages/smallboat/src/flow/testing/s3-server.ts';
import { SmallboatError } from '../packages/smallboat/src/kernel/index.ts';

/**
 * A flow whose runs are in S3, where the n-th question fails, for every n that there is where FAILURES is `all`, and for some else: the run ends with an error that has a name, or with the
 * right result; whatever it left behind can be read, and is resumed to the right result.
 */
const list = step('list', { run: ({ n }: { n: number }) => ({ xs: Array.from({ length: n }, (_, i) => i) }) });
const square = step('square', {
  run: ({ x }: { x: number }, { log }) => {
    log('squaring', { x });
    // Larger than what is sent without asking first, and it does not shrink.
    return { y: x * x, noise: Float64Array.from({ length: 40_000 }, (_, i) => Math.sin(i * (x + 1) * 12.9898)) };
  },
});
const sum = step('sum', {
  run: ({ all }: { all: readonly { readonly y: number; readonly noise: Float64Array }[] }) => ({
    total: all.reduce((total, { y }) => total + y, 0),
    at: all.map(({ noise }) => noise[7]),
  }),
});
const squares = flow('Squares', { n: z.number().default(3) }, ({ n }) =>
  sum({ all: each(list({ n }).xs, (x) => square({ x })) }),
);
const wanted = { total: 5, at: [0, 1, 2].map((x) => Math.sin(7 * (x + 1) * 12.9898)) };
const options = { module: import.meta.url, maxWorkers: 2 };

const isWhole = process.env['FAILURES'] === 'all';

let server: S3Server;
const folders: string[] = [];
beforeAll(async () => {
  server = await s3Server();
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A store of its own in the bucket. */
async function aStore(attempts: number): Promise<() => Promise<RunStore>> {
  const folder = await mkdtemp(join(tmpdir(), 'smallboat-s3-failures-'));
  folders.push(folder);
  const root = `s3://boats/${folder.slice(-6)}${Math.random()}`;
  const { endpoint } = server;
  const datastore = { kind: 's3', root, endpoint, region: 'us-east-1', attempts, retryMode: 'standard' } as const;
  return () => openRunStore({ folder, datastore });
}

/** Runs the flow while the n-th question of it fails. @returns whether there was an n-th, and how it ended. */
async function withFailure(n: number, how: number | 'break', attempts: number) {
  const open = await aStore(attempts);
  await using store = await open();
  let asked = 0;
  server.mischief = () => ((asked += 1) === n ? how : undefined);
  const ended: unknown = await runFlow(squares, { ...options, store })
    .then((run) => run.result())
    .catch((error: unknown) => error);
  server.mischief = undefined;
  return { open, ended, wasAsked: asked >= n };
}

/** The codes that a run may end with where its store fails. */
const NAMED = ['STORE_UNREACHABLE', 'STORE_DENIED', 'STORE_WRITE_FAILED', 'STEP_FAILED', 'ARTIFACT_NOT_FOUND'];

describe.each([
  [500, isWhole ? 1 : 13],
  [403, isWhole ? 1 : 11],
  ['break', isWhole ? 1 : 5],
] as const)('a question to S3 that ends with %s, every %d', (how, stride) => {
  it('fails the run by name, wherever it is asked, and the run is resumed', { timeout: 600_000 }, async () => {
    let failed = 0;
    for (let n = 1; ; n += stride) {
      const { open, ended, wasAsked } = await withFailure(n, how, 1);
      if (!wasAsked) break;
      await using store = await open();
      if (ended instanceof Error) {
        failed += 1;
        expect(ended, `question ${n}: ${ended.message}`).toBeInstanceOf(SmallboatError);
        const code = 'code' in ended ? ended.code : '';
        expect(NAMED, `question ${n}: ${ended.message}`).toContain(code);
      } else expect(ended, `question ${n}`).toEqual(wanted);
      const [latest] = await store.runs('Squares');
      const tasks = latest ? await store.tasks('Squares', latest.run) : [];
      const isBegun = tasks.some(({ path, ended: end }) => path.step === '_parameters' && end);
      const isDone = tasks.some(({ path, ended: end }) => path.step === 'end' && end?.hasSucceeded);
      if (isDone) continue;
      // What had not begun has nothing to be resumed.
      const going = isBegun ? resumeFlow(squares, { ...options, store }) : runFlow(squares, { ...options, store });
      expect(await (await going).result(), `after question ${n}`).toEqual(wanted);
    }
    expect(failed).toBeGreaterThan(15 / stride);
  });
});

it('that fails once is asked again, and the run does not notice', { timeout: 120_000 }, async () => {
  for (let n = 1; ; n += 19) {
    const { ended, wasAsked } = await withFailure(n, n % 2 ? 500 : 'break', 4);
    if (!wasAsked) break;
    expect(ended, `question ${n}`).toEqual(wanted);
  }
});
