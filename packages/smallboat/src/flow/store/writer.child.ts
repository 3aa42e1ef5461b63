import { SmallboatError } from '../../kernel/index.ts';
import { localRunStore } from './local-run-store.ts';

/** For the tests: a process that makes tasks in a run, one after the other, and says when the first has ended. */
const [folder = '', run = '', count = '1', seed = '0', noise = '5000'] = process.argv.slice(2);
const store = localRunStore({ folder });
try {
  for (let i = 0; i < Number(count); i += 1) {
    const task = await store.createTask('f', run, `s${i % 3}`);
    await store.beginAttempt(task, 0);
    const number = Number(seed) * 1_000_000 + i;
    const [first, second, third] = await Promise.all([
      store.save(
        'f',
        Float64Array.from({ length: Number(noise) }, (_, at) => (at === 0 ? number : Math.random())),
      ),
      store.save('f', number),
      store.save('f', `shared by all: ${'x'.repeat(i % 7)}`),
    ]);
    await store.appendLog(task, 0, 'stdout', `task ${i}\n`);
    await store.endAttempt(task, 0, { artifacts: { noise: first, number: second, shared: third }, hasSucceeded: true });
    if (i === 0) process.stdout.write('first\n');
  }
} catch (error) {
  if (!(error instanceof SmallboatError)) throw error;
  const facts: unknown = error.facts;
  const path = typeof facts === 'object' && facts !== null && 'path' in facts ? facts.path : '';
  process.stdout.write(`${error.code} ${String(path)}\n`);
  process.exitCode = 1;
}
