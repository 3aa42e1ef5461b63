import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { each, flow, match, repeat, step, when } from 'smallboat/flow';
import * as z from 'zod';

/** Flows of every form that an engine has to keep in order. `folder`: where bodies note that they ran, and look whether they are to break. */
const folder = z.string();

const note = (place: string, name: string): void => appendFileSync(join(place, 'ran'), `${name}\n`);
const times = (place: string, name: string): number => {
  const path = join(place, `${name}.times`);
  appendFileSync(path, '.');
  return readFileSync(path, 'utf8').length;
};

const load = step('load', {
  run: ({ folder: place, base }: { folder: string; base: number }) => {
    note(place, 'load');
    return {
      rows: [base, base + 1, base + 2],
      isBig: base > 10,
      kind: base > 10 ? ('deep' as const) : ('flat' as const),
    };
  },
});
const train = step('train', {
  run: ({ folder: place, rows }: { folder: string; rows: readonly number[] }) => {
    note(place, 'train');
    return { model: rows.map((row) => row * 2), weights: new Float64Array(rows) };
  },
});
const check = step('check', {
  run: ({ folder: place, rows }: { folder: string; rows: readonly number[] }) => {
    note(place, 'check');
    return { isGood: rows.every((row) => row >= 0) };
  },
});
const report = step('report', {
  run: ({ folder: place, model }: { folder: string; model: readonly number[] }) => {
    note(place, 'report');
    return { text: `model of ${model.join(' ')}` };
  },
});

export const linear = flow('Linear', { folder, base: z.number().default(1) }, ({ folder: place, base }) => {
  const { rows } = load({ folder: place, base });
  return report({ folder: place, model: train({ folder: place, rows }).model });
});

const gate = step('gate', {
  run: ({ folder: place, model, isGood }: { folder: string; model: readonly number[]; isGood: boolean }) => {
    note(place, 'gate');
    return { accepted: isGood ? model : [] };
  },
});

export const branch = flow('Branch', { folder, base: z.number().default(1) }, ({ folder: place, base }) => {
  const { rows } = load({ folder: place, base });
  return gate({
    folder: place,
    model: train({ folder: place, rows }).model,
    isGood: check({ folder: place, rows }).isGood,
  });
});

const grid = step('grid', {
  run: ({ folder: place, size }: { folder: string; size: number }) => {
    note(place, 'grid');
    return {
      points: Array.from({ length: size }, (_, i) => ({
        rate: i + 1,
        depths: Array.from({ length: i }, (__, j) => j),
      })),
    };
  },
});
const depthsOf = step('depthsOf', {
  run: ({ point }: { point: { rate: number; depths: readonly number[] } }) => ({
    depths: point.depths,
    rate: point.rate,
  }),
});
const fit = step('fit', {
  run: ({ folder: place, rate, depth }: { folder: string; rate: number; depth: number }) => {
    note(place, `fit ${rate} ${depth}`);
    if (existsSync(join(place, 'break')) && rate === 3 && depth === 1) throw new Error('three is broken');
    return { score: 10 * rate + depth };
  },
});
const best = step('best', {
  run: ({ folder: place, fits }: { folder: string; fits: readonly (readonly { score: number }[])[] }) => {
    note(place, 'best');
    return { scores: fits.map((row) => row.map(({ score }) => score)) };
  },
});

/** A list in a list, one of them empty. */
export const grids = flow('Grids', { folder, size: z.number().default(3) }, ({ folder: place, size }) => {
  const { points } = grid({ folder: place, size });
  const fits = each(points, (point) => {
    const { depths, rate } = depthsOf({ point });
    return each(depths, (depth) => fit({ folder: place, rate, depth }));
  });
  return best({ folder: place, fits });
});

const numbers = step('numbers', {
  run: ({ folder: place, size }: { folder: string; size: number }) => {
    note(place, 'numbers');
    return { list: Array.from({ length: size }, (_, i) => i + 1) };
  },
});
const square = step('square', { run: ({ n }: { n: number }) => ({ square: n * n, isEven: n % 2 === 0 }) });
const even = step('even', { run: ({ square: n }: { square: number }) => ({ word: `${n} is even` }) });
const odd = step('odd', { run: ({ square: n }: { square: number }) => ({ word: `${n} is odd` }) });
const told = step('told', {
  run: ({ words }: { words: readonly { word: string }[] }) => ({ text: words.map(({ word }) => word).join(', ') }),
});

/** A list, with a choice for each element. */
export const squares = flow('Squares', { folder, size: z.number().default(3) }, ({ folder: place, size }) => {
  const { list } = numbers({ folder: place, size });
  const made = each(list, (n) => {
    const { square: n2, isEven } = square({ n });
    return when(
      isEven,
      () => even({ square: n2 }),
      () => odd({ square: n2 }),
    );
  });
  return told({ words: made });
});

const deep = step('deep', { run: ({ rows }: { rows: readonly number[] }) => ({ chosen: `deep ${rows.length}` }) });
const flat = step('flat', { run: ({ rows }: { rows: readonly number[] }) => ({ chosen: `flat ${rows.length}` }) });
const said = step('said', {
  run: ({ chosen, extra }: { chosen: string; extra: string | undefined }) => ({
    said: `${chosen}, ${extra ?? 'no more'}`,
  }),
});
const more = step('more', { run: ({ rows }: { rows: readonly number[] }) => ({ chosen: `more ${rows.length}` }) });

export const choices = flow('Choices', { folder, base: z.number().default(1) }, ({ folder: place, base }) => {
  const { rows, isBig, kind } = load({ folder: place, base });
  const one = match(kind, { deep: () => deep({ rows }), flat: () => flat({ rows }) });
  const two = when(isBig, () => more({ rows }));
  return said({ chosen: one.chosen, extra: two.chosen });
});

const grow = step('grow', {
  run: ({ folder: place, total }: { folder: string; total: number }) => {
    note(place, `grow ${total}`);
    return { total: total * 2 + 1, isOn: total < 6 };
  },
});
const tell = step('tell', { run: ({ total }: { total: number }) => ({ text: `grew to ${total}` }) });

export const loops = flow('Loops', { folder, begin: z.number().default(1) }, ({ folder: place, begin }) => {
  const last = repeat({ total: begin, isOn: true }, ({ total }) => grow({ folder: place, total }), {
    while: ({ isOn }) => isOn,
    atMost: 10,
  });
  return tell({ total: last.total });
});

const flaky = step('flaky', {
  retry: { times: 2, backoffSeconds: 0.1 },
  run: ({ folder: place }: { folder: string }, { attempt }) => {
    note(place, `flaky ${attempt}`);
    if (times(place, 'flaky') < 3) throw new Error('not yet');
    return { attempt };
  },
});
const hopeless = step('hopeless', {
  retry: { times: 1, backoffSeconds: 0.1 },
  run: ({ folder: place }: { folder: string }): { value: number } => {
    note(place, 'hopeless');
    throw new Error('never');
  },
  catch: ({ message, attempts }) => ({ value: -attempts, why: message }),
});
const slow = step('slow', {
  timeoutSeconds: 0.5,
  run: async ({ folder: place }: { folder: string }) => {
    note(place, 'slow');
    await delay(60_000);
    return { kind: 'done' };
  },
  catch: ({ kind }) => ({ kind: kind }),
});
const after = step('after', {
  run: (all: { attempt: number; value: number; kind: string }) => ({ all: `${all.attempt} ${all.value} ${all.kind}` }),
});

/** Tries again, catches, and runs out of time. */
export const troubles = flow('Troubles', { folder }, ({ folder: place }) => {
  const { value } = hopeless({ folder: place });
  return after({ attempt: flaky({ folder: place }).attempt, value, kind: slow({ folder: place }).kind });
});

/** With all that is said of a deployment. */
export const nightly = flow(
  'Nightly',
  { folder: z.string().default(tmpdir()), base: z.number().default(1) },
  ({ folder: place, base }) => check({ folder: place, rows: load({ folder: place, base }).rows }),
  {
    project: 'shop',
    schedule: { cron: '30 6 * * 1-5', timeZone: 'Europe/Rome' },
    trigger: { events: ['orders.loaded'], onFinishOf: ['Linear'] },
  },
);

const wait = step('wait', {
  run: async ({ folder: place }: { folder: string }, { signal }) => {
    note(place, 'waiting');
    await delay(120_000, undefined, { signal });
    return { isDone: true };
  },
});

/** For those who stop it. */
export const slowly = flow('Slow', { folder }, ({ folder: place }) => wait({ folder: place }));

export const hourly = flow('Hourly', {}, () => numbers({ folder: tmpdir(), size: 2 }), {
  schedule: { cron: '@hourly', timeZone: 'Asia/Tokyo' },
});

const strike = step('strike', {
  retry: { times: 1, backoffSeconds: 0.1 },
  run: async ({ folder: place }: { folder: string }, { attempt }) => {
    note(place, `strike ${attempt}`);
    // The process that an engine started for the task, where one did.
    if (attempt === 0 && process.env['SMALLBOAT_TASK'] !== undefined) {
      process.kill(process.ppid, 'SIGKILL');
      await delay(60_000);
    }
    return { isDone: true };
  },
});

/** A task whose process is killed. */
export const struck = flow('Struck', { folder }, ({ folder: place }) => strike({ folder: place }));

const holds = step('holds', {
  run: async ({ folder: place, rows }: { folder: string; rows: readonly number[] }, { attempt }) => {
    note(place, `held ${attempt}`);
    // Until the process is killed.
    if (existsSync(join(place, 'hold'))) await delay(120_000);
    return { model: [...rows] };
  },
  catch: () => ({ model: [] }),
});

/** Its second step does not end while there is a file `hold`. */
export const held = flow('Held', { folder }, ({ folder: place }) => {
  const { rows } = load({ folder: place, base: 1 });
  return report({ folder: place, model: holds({ folder: place, rows }).model });
});

export const follower = flow('Follower', {}, () => numbers({ folder: tmpdir(), size: 2 }), {
  trigger: { onFinishOf: ['Linear'] },
});

const look = step('look', {
  run: ({ folder: place }: { folder: string }) => {
    note(place, 'look');
    return { seen: process.env['TRACEPARENT'] ?? '' };
  },
});
/** What a body finds of the trace that its run is in. */
export const traced = flow('Traced', { folder }, ({ folder: place }) => look({ folder: place }));
