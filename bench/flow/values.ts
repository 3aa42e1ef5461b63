/**
 * Large values as artifacts: kept as a task's, and loaded again, by our store and by Metaflow's local datastore in one run. Each is a process of its
 * own; seconds are those of the store, without the start of the process and the making of the value; memory is the most that the process had.
 * Usage: `node bench/flow/values.ts [times]`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonEnv } from '../../interop/python.ts';
import { mebibytes } from '../measure.ts';
import { VALUES } from './values-program.ts';

const times = Number(process.argv[2] ?? 3);
const folder = await mkdtemp(join(tmpdir(), 'smallboat-values-'));
const python = join(pythonEnv('metaflow'), 'python');

interface Figure {
  readonly seconds: number;
  readonly peakBytes: number;
  /** Before the value was kept or loaded. */
  readonly beforeBytes: number;
}

const THEIRS = `import json, os, resource, sys, time
import numpy as np
from metaflow.datastore import FlowDataStore
from metaflow.plugins.datastores.local_storage import LocalStorage
action, kind, folder = sys.argv[1:]
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
class Environment: pass
store = FlowDataStore('Large', Environment(), storage_impl=LocalStorage, ds_root=os.path.join(folder, 'theirs'))
if action == 'save':
    if kind == 'array':
        a = np.arange(25_000_000, dtype=np.uint32)
        a *= np.uint32(2654435761)
        value = a.astype(np.float32)
        value /= np.float32(4294967296)
        del a
    else:
        value = [{'session': f'session-{i // 7}', 'at': 1_700_000_000_000 + i * 137, 'action': ['view', 'detail', 'add', 'remove'][i % 4], 'price': i % 1000 / 8, 'sku': f'sku-{i * 31 % 9973}', 'tags': ['a', None, i % 2 == 0]} for i in range(400_000)]
before = peak()
began = time.perf_counter()
if action == 'save':
    task = store.get_task_datastore('1', 'start', kind, attempt=0, mode='w')
    task.init_task()
    task.save_artifacts([('value', value)])
    task.done()
else:
    [(_, value)] = store.get_task_datastore('1', 'start', kind).load_artifacts(['value'])
print(json.dumps({'seconds': time.perf_counter() - began, 'peakBytes': peak(), 'beforeBytes': before, 'length': len(value)}))
`;

/** One process; refused if what it kept or loaded is not as long as it should be. */
async function one(command: string, args: readonly string[], length: number): Promise<Figure> {
  const { stdout } = await promisify(execFile)(command, [...args], { cwd: folder });
  const figure = JSON.parse(stdout) as Figure & { readonly length: number };
  if (figure.length !== length) throw new Error(`${args.join(' ')}: ${figure.length} items, not ${length}`);
  return figure;
}

/** The one that was disturbed least. */
async function fastest(prepare: () => Promise<void>, run: () => Promise<Figure>): Promise<Figure> {
  let best: Figure | undefined;
  for (let i = 0; i < times; i += 1) {
    await prepare();
    const figure = await run();
    if (best === undefined || figure.seconds < best.seconds) best = figure;
  }
  if (best === undefined) throw new Error('none was run');
  return best;
}

const told = ({ seconds, peakBytes, beforeBytes }: Figure): string =>
  `${seconds.toFixed(2)} s, ${mebibytes(peakBytes)} MiB (${mebibytes(beforeBytes)} before)`;

try {
  const theirs = join(folder, 'values.py');
  await writeFile(theirs, THEIRS);
  const ours = join(import.meta.dirname, 'values-program.ts');
  const load = loadavg().map((of) => of.toFixed(1));
  console.log(
    `${cpus()[0]?.model ?? ''}, ${availableParallelism()} cores, load ${load.join(' ')}, Node ${process.version}; the fastest of ${times}\n`,
  );
  for (const [kind, { title, length }] of Object.entries(VALUES)) {
    for (const action of ['save', 'load']) {
      const clear = (of: string) => async (): Promise<void> => {
        if (action === 'save') await rm(join(folder, of), { recursive: true, force: true });
      };
      const here = await fastest(clear('ours'), () => one(process.execPath, [ours, action, kind, folder], length));
      const there = await fastest(clear('theirs'), () => one(python, [theirs, action, kind, folder], length));
      const ratio = (there.seconds / here.seconds).toFixed(1);
      console.log(`${action} ${title.padEnd(32)} ${told(here)}; Metaflow ${told(there)}: ${ratio} times`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
