import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import { isProcessAlive } from '../../kernel/index.ts';

const guard = new URL('./orphan-guard.ts', import.meta.url).href;

/** Starts three processes that never pause, says who they are, ends the second, and lets itself be killed. */
const PARENT = `
import { spawn } from 'node:child_process';
import { endWithThisProcess } from ${JSON.stringify(guard)};
const all = [0, 1, 2].map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
for (const child of all) endWithThisProcess(child);
all[1].once('exit', () => setTimeout(() => console.log(all.map(({ pid }) => pid).join(' ')), 100));
setTimeout(() => all[1].kill('SIGKILL'), 100);
setInterval(() => undefined, 1000);
`;

it('ends what computes without a pause when its parent is killed', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = said.toString().trim().split(' ').map(Number);
  expect(pids.map(isProcessAlive)).toEqual([true, false, true]);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(pids.map(isProcessAlive)).toEqual([false, false, false]), { timeout: 5000 });
});
