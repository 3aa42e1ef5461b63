/** The same flows for Smallboat and for Metaflow, as the files of programs. */

export interface Pair {
  readonly title: string;
  /** What our flow's file holds below its imports. */
  readonly ours: string;
  readonly theirs: string;
  /** Workers at once. */
  readonly workers: number;
  /** The goal of the ratio, where the project has one. */
  readonly goal?: number;
}

const metaflow = (name: string, body: string): string =>
  `from metaflow import FlowSpec, step\nimport os\n${body.includes('np.') ? 'import numpy as np\n' : ''}class ${name}(FlowSpec):\n${body}\nif __name__ == '__main__': ${name}()`;

const linear = Array.from({ length: 18 }, (_, i) => {
  const next = i === 17 ? 'end' : `s${i + 2}`;
  return `    @step\n    def s${i + 1}(self):\n        self.n += 1\n        self.next(self.${next})`;
}).join('\n');

const foreach = `    @step
    def start(self):
        self.xs = list(range(200))
        self.next(self.square, foreach='xs')
    @step
    def square(self):
        self.y = self.input ** 2
        self.next(self.join)
    @step
    def join(self, inputs):
        self.total = sum(i.y for i in inputs)
        self.next(self.end)
    @step
    def end(self): pass`;

const ourForeach = `const list = step('list', { run: () => ({ xs: Array.from({ length: 200 }, (_, i) => i) }) });
const square = step('square', { run: ({ x }) => ({ y: x * x }) });
const sum = step('sum', { run: ({ ys }) => ({ total: ys.reduce((a, b) => a + b.y, 0) }) });
export const f = flow('Parallel', {}, () => sum({ ys: each(list({}).xs, (x) => square({ x })) }));`;

/** 25 million float32: 100 MB. */
const array = (change: boolean): Pair => ({
  title: `a 100 MB float32 array through 5 steps, ${change ? 'changed in each' : 'unchanged'}`,
  workers: 2,
  goal: 8,
  ours: `const make = step('make', { run: () => { const a = new Float32Array(25_000_000); for (let i = 0; i < a.length; i += 1) a[i] = Math.fround((i * 2654435761) % 4294967296 / 4294967296); return { a }; } });
const pass = step('pass', { run: ({ a }) => { ${change ? 'const b = a.slice(); for (let i = 0; i < b.length; i += 1) b[i] += 1; return { a: b };' : 'return { a };'} } });
export const f = flow('Array', {}, () => { let made = make({}); for (let i = 0; i < 4; i += 1) made = pass.as('p' + i)({ a: made.a }); return made; });`,
  theirs: metaflow(
    'Array',
    `    @step
    def start(self):
        self.a = ((np.arange(25_000_000, dtype=np.uint64) * 2654435761) % 4294967296 / 4294967296).astype(np.float32)
        self.next(self.p0)
${[0, 1, 2]
  .map(
    (i) =>
      `    @step\n    def p${i}(self):\n        ${change ? 'self.a = self.a + 1' : 'self.a[0]'}\n        self.next(self.p${i + 1})`,
  )
  .join('\n')}
    @step
    def p3(self):
        ${change ? 'self.a = self.a + 1' : 'self.a[0]'}
        self.next(self.end)
    @step
    def end(self): pass`,
  ),
});

export const PAIRS: readonly Pair[] = [
  {
    title: 'hello world',
    workers: 2,
    goal: 10,
    ours: `export const f = flow('Hello', {}, () => step('hello', { run: () => ({ greeting: 'hello' }) })({}));`,
    theirs: metaflow(
      'Hello',
      `    @step
    def start(self):
        self.greeting = 'hello'
        self.next(self.end)
    @step
    def end(self): pass`,
    ),
  },
  {
    title: '20 steps in a line',
    workers: 2,
    ours: `const add = step('add', { run: ({ n }) => ({ n: n + 1 }) });
export const f = flow('Linear', {}, () => {
  let made = add.as('s0')({ n: 0 });
  for (let i = 1; i < 20; i += 1) made = add.as('s' + i)({ n: made.n });
  return made;
});`,
    theirs: metaflow(
      'Linear',
      `    @step
    def start(self):
        self.n = 0
        self.next(self.s1)
${linear}
    @step
    def end(self): pass`,
    ),
  },
  { title: '200 tasks, 2 workers', workers: 2, goal: 20, ours: ourForeach, theirs: metaflow('Parallel', foreach) },
  { title: '200 tasks, 8 workers', workers: 8, goal: 20, ours: ourForeach, theirs: metaflow('Parallel', foreach) },
  array(false),
  array(true),
];

/** A flow that fails at its last step the first time: what `resume` then takes. */
export const RESUME = {
  ours: `import { existsSync } from 'node:fs';
const add = step('add', { run: ({ n }) => ({ n: n + 1 }) });
const last = step('last', { run: ({ n }) => { if (existsSync('broken')) throw new Error('broken'); return { n }; } });
export const f = flow('Resume', {}, () => { let made = add.as('s0')({ n: 0 }); for (let i = 1; i < 5; i += 1) made = add.as('s' + i)({ n: made.n }); return last({ n: made.n }); });`,
  theirs: metaflow(
    'Resume',
    `    @step
    def start(self):
        self.n = 0
        self.next(self.s1)
${[1, 2, 3, 4].map((i) => `    @step\n    def s${i}(self):\n        self.n += 1\n        self.next(self.${i === 4 ? 'last' : `s${i + 1}`})`).join('\n')}
    @step
    def last(self):
        if os.path.exists('broken'): raise Exception('broken')
        self.next(self.end)
    @step
    def end(self): pass`,
  ),
} as const;
