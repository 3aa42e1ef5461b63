import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DriftColumn, DriftMethod } from '../packages/smallboat/src/monitoring/index.ts';
import { dataDrift, kolmogorovExactP, kolmogorovOneSampleP } from '../packages/smallboat/src/monitoring/index.ts';
import { python } from './python.ts';

const SCRIPT = `
import json, os, sys, warnings
os.environ['DO_NOT_TRACK'] = '1'
warnings.filterwarnings('ignore')
import numpy as np, pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset
case = json.load(open(sys.argv[1]))
definition = DataDefinition(numerical_columns=case['numeric'], categorical_columns=case['categorical'])
def data(part):
    return Dataset.from_pandas(pd.DataFrame(part), data_definition=definition)
live, reference = data(case['live']), data(case['reference'])
def values(metrics):
    return Report(metrics).run(live, reference).dict()['metrics']
methods = [m['value'] for m in values([ValueDrift(column=c, **({} if m is None else dict(method=m))) for c, m in case['asked']])]
count = next(m['value'] for m in values([DataDriftPreset()]) if 'DriftedColumnsCount' in json.dumps(m['metric_name']))
print(json.dumps(dict(values=[float(v) for v in methods], share=float(count['share']))))
`;

const NUMERIC: readonly DriftMethod[] = ['ks', 'wasserstein', 'ed', 'jensenshannon', 'kl_div', 'psi', 'hellinger'];
const CATEGORICAL: readonly DriftMethod[] = ['chisquare', 'g_test', 'jensenshannon', 'kl_div', 'psi', 'hellinger'];

interface Frame {
  readonly [column: string]: DriftColumn;
}

/** A frame of prices (with holes), ages (whole numbers), a few stars, a channel, and a yes or no. */
function frame(n: number, { seed, moved }: { readonly seed: number; readonly moved: number }): Frame {
  let state = seed;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const of = <T>(value: () => T): T[] => Array.from({ length: n }, value);
  const price = (): number => (random() < 0.05 ? Number.NaN : Math.exp(3 + random() + random() + moved));
  return {
    price: Float64Array.from(of(price)),
    age: Int32Array.from(of(() => 18 + Math.floor(random() * random() * (60 + 20 * moved)))),
    stars: Int32Array.from(of(() => 1 + Math.floor(5 * random() ** (1 + moved)))),
    channel: of(() => ['web', 'app', 'shop', 'mail', 'rare'][Math.floor(4.02 * random() ** (1 + moved))] ?? 'web'),
    member: of(() => (random() < 0.3 + moved ? 'yes' : 'no')),
  };
}

/** NaN is null in JSON, and NaN again in pandas. */
const plain = (data: Frame): Record<string, unknown> =>
  Object.fromEntries(Object.entries(data).map(([name, values]) => [name, Array.from<string | number | null>(values)]));

it.each([
  { reference: 800, live: 800, moved: 0.05 },
  { reference: 800, live: 731, moved: 0 },
  { reference: 5_000, live: 3_000, moved: 0.1 },
  { reference: 900, live: 12_000, moved: 0.02 },
])('gives the numbers of Evidently: $reference rows and $live, moved by $moved', async ({ reference, live, moved }) => {
  const [r, l] = [frame(reference, { seed: 5, moved: 0 }), frame(live, { seed: 6, moved })];
  const columns = Object.keys(r);
  const methodsOf = (column: string): readonly DriftMethod[] =>
    column === 'price' || column === 'age' ? NUMERIC : column === 'member' ? [...CATEGORICAL, 'z'] : CATEGORICAL;
  const asked = columns.flatMap((column) => [
    [column, undefined] as const,
    ...(column === 'stars' ? [] : methodsOf(column))
      // Evidently's refuses samples of other sizes: it does not scale what it expects.
      .filter((method) => method !== 'g_test' || reference === live)
      .map((method) => [column, method] as const),
  ]);
  const path = join(await mkdtemp(join(tmpdir(), 'smallboat-')), 'case.json');
  const kinds = { numeric: ['price', 'age', 'stars'], categorical: ['channel', 'member'] };
  await writeFile(path, JSON.stringify({ ...kinds, asked, reference: plain(r), live: plain(l) }));
  const theirs = JSON.parse(await python('monitoring-peers', ['-c', SCRIPT, path])) as {
    values: number[];
    share: number;
  };
  const differences = asked.map(([column, method], i) => {
    const [a, b] = [{ [column]: r[column] ?? [] }, { [column]: l[column] ?? [] }];
    const [ours] = dataDrift(a, b, method === undefined ? {} : { methods: { [column]: method } }).columns;
    const their = theirs.values[i] ?? Number.NaN;
    const difference = Math.abs((ours?.score ?? Number.NaN) - their);
    return { column, method: ours?.method, ours: ours?.score, their, difference };
  });
  expect(theirs.values).toHaveLength(asked.length);
  expect(differences.filter(({ difference }) => !(difference <= 1e-9))).toEqual([]);
  expect(dataDrift(r, l).share).toBe(theirs.share);
});

const KOLMOGOROV = `
import json, sys
import numpy as np
from scipy import stats
one = [float(stats.kstwo.sf(d, n)) for n, d in json.loads(sys.argv[1])]
two = []
for n, m, shift in json.loads(sys.argv[2]):
    r = stats.ks_2samp(np.arange(n) / n, np.arange(m) / m + shift, method='exact')
    two.append([float(r.statistic), float(r.pvalue)])
print(json.dumps([one, two]))
`;

it('gives the probabilities of scipy for Kolmogorov–Smirnov', async () => {
  const sizes = [5, 40, 140, 141, 500, 950, 20_000];
  const one = sizes.flatMap((n) =>
    [0.3, 0.6, 0.8, 1, 1.4, 1.9, 2.5].map((z) => [n, z / Math.sqrt(n)] as const).filter(([, d]) => d < 1),
  );
  const two = [
    [7, 7, 0.3],
    [50, 35, 0.2],
    [300, 300, 0.05],
    [999, 1_000, 0.06],
  ] as const;
  const args = ['-c', KOLMOGOROV, JSON.stringify(one), JSON.stringify(two)];
  const [ones, twos] = JSON.parse(await python('monitoring-peers', args)) as [number[], [number, number][]];
  const relative = (ours: number, their = Number.NaN): number => Math.abs(ours - their) / their;
  const off = one
    .map(([n, d], i) => ({ n, d, ours: kolmogorovOneSampleP(d, n), their: ones[i] }))
    .filter(({ ours, their }) => !(relative(ours, their) <= 1e-9));
  expect(off).toEqual([]);
  for (const [i, [n, m]] of two.entries()) {
    const [statistic, p] = twos[i] ?? [Number.NaN, Number.NaN];
    expect(relative(kolmogorovExactP(statistic, n, m), p)).toBeLessThan(1e-9);
  }
});
