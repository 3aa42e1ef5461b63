import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tableFromArrays } from 'apache-arrow';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClient } from '../packages/smallboat/src/flow/client.ts';
import { artifactBytes, artifactValue } from '../packages/smallboat/src/flow/store/artifact-bytes.ts';
import { plainTree, storableValue } from '../packages/smallboat/src/flow/store/generated-values.ts';
import { localRunStore } from '../packages/smallboat/src/flow/store/local-run-store.ts';
import { decodePickle } from '../packages/smallboat/src/flow/store/pickle-decode.ts';
import { encodePickle } from '../packages/smallboat/src/flow/store/pickle-encode.ts';
import { pickleDecodeErrors } from '../packages/smallboat/src/flow/store/pickle-errors.ts';
import type { ArtifactKey } from '../packages/smallboat/src/flow/store/run-store.ts';
import { differenceOf } from '../packages/smallboat/src/flow/store/same-value.ts';
import { metaflowEnv } from './metaflow-client.ts';
import { python, pythonEnv } from './python.ts';
import { asRead, pythonView, readView } from './values.ts';

/** numpy 2 without pyarrow, and numpy 1 with it. */
const ENVIRONMENTS = ['metaflow', 'values'] as const;

/** Runs `values.py`, and parses what it prints. */
async function ask(
  environment: string,
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<unknown> {
  const program = join(import.meta.dirname, 'values.py');
  const running = promisify(execFile)(join(pythonEnv(environment), 'python'), [program, ...args], {
    maxBuffer: 1 << 29,
    env: { ...process.env, ...env },
  });
  running.child.stdin?.end(input);
  return JSON.parse((await running).stdout);
}

const bytesOf = (value: unknown): Buffer => Buffer.concat(encodePickle(value));
const pickleOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

async function viewed(environment: string, pickles: readonly Buffer[]): Promise<readonly unknown[]> {
  const input = JSON.stringify(pickles.map((pickle) => pickle.toString('base64')));
  const views = (await ask(environment, ['view'], { input })) as readonly unknown[];
  return views.map(asRead);
}

/** Trees of all kinds of values. */
const trees = fc.sample(plainTree, { numRuns: 1000, seed: 11 });

/** Lists and dicts that hold each other, and themselves. */
function linkedValues(): readonly unknown[] {
  const nested = fc.letrec<{ list: unknown }>((again) => ({
    list: fc.oneof(
      { maxDepth: 3 },
      fc.constant(1),
      fc.array(again('list'), { maxLength: 4 }),
      fc.dictionary(fc.string(), again('list'), { maxKeys: 4 }),
    ),
  }));
  const containers = fc.array(
    fc.oneof(fc.array(nested.list, { maxLength: 4 }), fc.dictionary(fc.string(), nested.list, { maxKeys: 4 })),
    { minLength: 2, maxLength: 6 },
  );
  return fc
    .sample(fc.tuple(containers, fc.array(fc.tuple(fc.nat(), fc.nat()))), { numRuns: 300, seed: 12 })
    .map(([parts, links]) => {
      for (const [from, to] of links) Object.assign(parts[from % parts.length] ?? {}, { 0: parts[to % parts.length] });
      return parts;
    });
}
const linked = linkedValues();

/** Trees of all kinds, in which the same objects occur again. */
const anything = fc.sample(storableValue, { numRuns: 500, seed: 13 });

describe.each(ENVIRONMENTS)('values stored here, in Python (%s)', (environment) => {
  it.each([
    ['are equal, whatever they are', trees],
    ['have the same parts twice, and inside themselves', linked],
  ])('%s', async (_, values) => {
    const views = await viewed(environment, values.map(bytesOf));
    for (const [i, value] of values.entries()) expect(views[i]).toEqual(pythonView(value));
  });

  it('can be loaded, of any kind and sharing', async () => {
    expect(await viewed(environment, anything.map(bytesOf))).toHaveLength(anything.length);
  });
});

describe('values of Python, here', () => {
  it.each([1, 2])('are equal, whatever they are and of whatever protocol (seed %i)', async (seed) => {
    const environment = ENVIRONMENTS[seed % 2] ?? 'metaflow';
    const made = (await ask(environment, ['make', String(seed), '400'])) as {
      pickle: string;
      protocol: number;
      view: unknown;
    }[];
    expect(new Set(made.map(({ protocol }) => protocol))).toEqual(new Set([2, 3, 4, 5]));
    for (const { pickle, view, protocol } of made) {
      const value = decodePickle(pickleOf(pickle));
      expect([protocol, readView(value)]).toEqual([protocol, asRead(view)]);
      // And can be stored again, without loss.
      expect(differenceOf(value, decodePickle(new Uint8Array(bytesOf(value))))).toBe(undefined);
    }
  });

  it('that are objects of a class are refused by its name', async () => {
    const made = (await ask('metaflow', ['refuse'])) as { pickle: string; protocol: number; type: string }[];
    expect(made.length).toBeGreaterThan(100);
    for (const { pickle, protocol, type } of made) {
      let said: unknown;
      try {
        said = decodePickle(pickleOf(pickle));
      } catch (error) {
        if (!pickleDecodeErrors.PICKLE_TYPE_REFUSED.is(error)) throw error;
        said = error.facts.type;
      }
      expect([protocol, said]).toEqual([protocol, expect.stringContaining(type)]);
    }
  });

  it('that run something when Python loads them run nothing here', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'smallboat-exploits-'));
    try {
      // Python proves that each makes its file.
      const made = (await ask('metaflow', ['exploit', folder])) as { name: string; pickle: string; path: string }[];
      expect(made.length).toBeGreaterThan(50);
      for (const { name, pickle, path } of made) {
        expect(() => decodePickle(pickleOf(pickle)), name).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^PICKLE_/) }),
        );
        expect([name, existsSync(path)]).toEqual([name, false]);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('through Metaflow’s own client and runtime', () => {
  let folder = '';
  let env: Readonly<Record<string, string>> = {};
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'smallboat-values-'));
    env = metaflowEnv(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('artifacts of a task here are what they should be in Python', async () => {
    const store = localRunStore({ folder, user: 'ada' });
    const run = await store.createRun('Ours', {
      tags: [],
      systemTags: [],
      graph: { doc: '', steps: [{ name: 'start', kind: 'start', next: [] }] },
    });
    const task = await store.createTask('Ours', run, 'start');
    await store.beginAttempt(task, 0);
    const values = [...trees.slice(0, 150), ...linked.slice(0, 30)];
    const artifacts: Record<string, ArtifactKey> = {};
    for (const [i, value] of values.entries()) artifacts[`v${i}`] = await store.save('Ours', value);
    await store.endAttempt(task, 0, { artifacts, hasSucceeded: true });
    const path = Object.values(task).join('/');
    const views = (await ask('metaflow', ['client', path, String(values.length)], { env })) as readonly unknown[];
    for (const [i, value] of values.entries()) expect(asRead(views[i])).toEqual(pythonView(value));
  });

  it('artifacts of a task of Python are what they should be here', async () => {
    const program = join(import.meta.dirname, 'values_flow.py');
    const count = 200;
    const flags = ['--quiet', 'run', '--seed', '5', '--count', String(count)];
    await python('metaflow', [program, ...flags], { cwd: folder, env });
    await using client = await openClient({ folder });
    const task = (await (await client.flow('ValuesFlow').latestSuccessful())?.tasks('start'))?.[0];
    const views = JSON.parse(String(await task?.artifact('views'))) as readonly unknown[];
    expect(views).toHaveLength(count);
    for (const [i, view] of views.entries()) expect(readView(await task?.artifact(`v${i}`))).toEqual(asRead(view));
  });
});

describe('an Arrow table', () => {
  const table = tableFromArrays({
    session: ['a', 'b', null, 'a'],
    price: Float64Array.of(1, 2.5, -0, 0.25),
    n: Int32Array.of(1, 2, 3, 4),
  });

  it('is a pyarrow.Table where there is pyarrow', async () => {
    const [view] = await viewed('values', [Buffer.concat(await artifactBytes(table))]);
    const rows = table.toArray().map((row: { toJSON(): unknown }) => row.toJSON());
    expect(view).toEqual([
      'table',
      expect.stringMatching(/^session: dictionary<values=string, indices=int32[^>]*>\nprice: double.*\nn: int32/),
      rows,
    ]);
  });

  it('is a dict of its bytes and a hint where there is none', async () => {
    const [view] = await viewed('metaflow', [Buffer.concat(await artifactBytes({ table }))]);
    expect(view).toEqual([
      'dict',
      [[['str', 'table'], ['dict', [[['str', 'arrow'], ['bytes', expect.stringMatching(/^4152524f5731/)]], [['str', 'hint'], ['str', expect.stringContaining('pyarrow')]]]]]],
    ]); // prettier-ignore
  });
});

it('a value of more than 2 GiB is written in pieces, and read where it lies', { timeout: 600_000 }, async () => {
  const size = 2 ** 31 + 64;
  const large = new Int8Array(size);
  large[0] = 1;
  large[size - 1] = -1;
  const pieces = encodePickle(['before', large, 'after']);
  const pickle = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    pickle.set(piece, at);
    at += piece.length;
  }
  const [before, back, after] = (await artifactValue(pickle)) as [string, Int8Array, string];
  expect([before, after, back.length, back[0], back[size - 1], back.buffer === pickle.buffer]).toEqual([
    'before',
    'after',
    size,
    1,
    -1,
    true,
  ]);
});
