import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { each, flow, step } from '../index.ts';

/**
 * Notes that a body runs, and has it struck where a test laid a file `strike-<name>` that names what to do: `parent`
 * and `self` are killed as by kill -9, `hang` computes for ever, `wait` waits for its signal.
 */
async function mark(folder: string, name: string, signal?: AbortSignal): Promise<void> {
  appendFileSync(join(folder, 'ran'), `${name} ${process.pid}\n`);
  const order = join(folder, `strike-${name}`);
  if (!existsSync(order)) return;
  const strike = readFileSync(order, 'utf8');
  rmSync(order);
  if (strike.includes('parent')) process.kill(process.ppid, 'SIGKILL');
  if (strike.includes('self')) process.kill(process.pid, 'SIGKILL');
  if (strike.includes('hang')) for (;;);
  if (strike.includes('abort')) process.abort();
  if (strike.includes('wait')) {
    await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
    signal?.throwIfAborted();
  }
  // Nothing after a kill may count: it comes at some time, not at once.
  if (strike.includes('parent')) await new Promise(() => undefined);
}

const list = step('list', {
  run: async ({ folder }: { folder: string }) => {
    await mark(folder, 'list');
    return { xs: [1, 2, 3, 4] };
  },
});

const work = step('work', {
  run: async ({ folder, x }: { folder: string; x: number }, { signal }) => {
    await mark(folder, `work${x}`, signal);
    return { square: Float64Array.of(x * x) };
  },
});

const sum = step('sum', {
  run: async ({ folder, parts }: { folder: string; parts: readonly { square: Float64Array }[] }) => {
    await mark(folder, 'sum');
    return { total: parts.reduce((all, { square }) => all + (square[0] ?? 0), 0) };
  },
});

const publish = step('publish', {
  run: async ({ folder, total }: { folder: string; total: number }) => {
    await mark(folder, 'publish');
    return { published: `total ${total}` };
  },
});

/** Four steps with a fan-out, whose bodies can be struck. */
export const crashFlow = flow('CrashFlow', { folder: z.string() }, ({ folder }) => {
  const { xs } = list({ folder });
  const { total } = sum({ folder, parts: each(xs, (x) => work({ folder, x })) });
  return publish({ folder, total });
});

/** The same, where a lost process is replaced. */
export const retryFlow = flow('RetryFlow', { folder: z.string() }, ({ folder }) =>
  step('patient', {
    retry: { times: 1, backoffSeconds: 0 },
    run: async ({ folder }: { folder: string }, { attempt }) => {
      await mark(folder, 'patient');
      return { attempt };
    },
  })({ folder }),
);

export const slowFlow = flow('SlowFlow', { folder: z.string() }, ({ folder }) =>
  step('slow', {
    timeoutSeconds: 0.3,
    run: async ({ folder }: { folder: string }) => {
      await mark(folder, 'slow');
      return {};
    },
  })({ folder }),
);

/** Prints in every way that there is, and sees its environment. */
export const talkFlow = flow('TalkFlow', {}, () =>
  step('talk', {
    environment: { TALK: 'loud' },
    run: (_: object, { log }) => {
      log('by log');
      process.stdout.write('by write\n');
      process.stderr.write('by stderr\n');
      execFileSync('echo', ['by a child'], { stdio: 'inherit' });
      return { talk: process.env['TALK'], pid: process.pid };
    },
  })({}),
);

async function fill(held: Buffer[]): Promise<void> {
  for (;;) {
    held.push(Buffer.alloc(50 * 2 ** 20, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Fills memory, ends its process, or waits, as it is told; and how many did so at once. */
export const hungryFlow = flow('HungryFlow', { folder: z.string(), what: z.string() }, ({ folder, what }) =>
  step('hungry', {
    resources: { memoryMiB: 300, cpu: 2 },
    secrets: ['env.HUNGRY_TOKEN'],
    run: async ({ folder, what }: { folder: string; what: string }, { log, tempFolder, checkpoint }) => {
      await mark(folder, 'hungry');
      if (what === 'exit') process.exit(3);
      const held: Buffer[] = [];
      if (what === 'fill') await fill(held);
      log(`the token is ${process.env['HUNGRY_TOKEN'] ?? 'not there'}`);
      await checkpoint.save({ at: 1 });
      const temp = await tempFolder();
      return { temp, hadTemp: existsSync(temp), held: held.length, token: process.env['HUNGRY_TOKEN']?.length };
    },
  })({ folder, what }),
);
