/** The process that `values.ts` measures: `node values-program.ts save|load array|records FOLDER`. */
import { join } from 'node:path';
import { localRunStore } from '../../packages/smallboat/src/flow/store/local-run-store.ts';

const ACTIONS = ['view', 'detail', 'add', 'remove'];

interface Large {
  readonly title: string;
  readonly length: number;
  readonly make: () => { readonly length: number };
}

/** The same values as those of the program in Python. */
export const VALUES: Readonly<Record<string, Large>> = {
  array: {
    title: '100 MB of float32',
    length: 25_000_000,
    make: () => Float32Array.from({ length: 25_000_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 0) / 4294967296),
  },
  records: {
    title: '400,000 records (50 MB of JSON)',
    length: 400_000,
    make: () =>
      Array.from({ length: 400_000 }, (_, i) => ({
        session: `session-${Math.floor(i / 7)}`,
        at: 1_700_000_000_000 + i * 137,
        action: ACTIONS[i % 4],
        price: (i % 1000) / 8,
        sku: `sku-${(i * 31) % 9973}`,
        tags: ['a', null, i % 2 === 0],
      })),
  },
};

const peak = (): number => process.resourceUsage().maxRSS * 1024;

async function main([action, kind = '', folder = '']: readonly string[]): Promise<void> {
  await using store = localRunStore({ folder: join(folder, 'ours') });
  let value = action === 'save' ? VALUES[kind]?.make() : undefined;
  const beforeBytes = peak();
  const began = performance.now();
  if (action === 'save') {
    const run = await store.createRun('Large', {
      tags: [],
      systemTags: [],
      graph: { doc: '', steps: [{ name: 'start', kind: 'start', next: [] }] },
    });
    const task = await store.createTask('Large', run, 'start');
    await store.beginAttempt(task, 0);
    const artifacts = { value: await store.save('Large', value) };
    await store.endAttempt(task, 0, { artifacts, hasSucceeded: true });
  } else {
    const [run] = await store.runs('Large');
    const [task] = await store.tasks('Large', run?.run ?? '');
    const key = task?.ended?.artifacts['value'];
    if (key === undefined) throw new Error('nothing was saved');
    value = (await store.load('Large', key)) as { readonly length: number };
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ seconds, peakBytes: peak(), beforeBytes, length: value?.length }));
}

if (import.meta.main) await main(process.argv.slice(2));
