/** Flows whose steps run as jobs, for compute.interop.ts: what their bodies do to themselves is what a service may do to them. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { each, env, flow, gang, step } from 'smallboat/flow';
import * as z from 'zod';
import { double } from './lib/double.ts';

/** Notes in a folder that all containers of this machine share that a body ran, and where. */
function note(folder: string, name: string): void {
  appendFileSync(
    join(folder, 'ran'),
    `${name} ${process.env['AWS_BATCH_JOB_ID'] ?? process.env['METAFLOW_KUBERNETES_POD_NAME'] ?? 'here'}\n`,
  );
}

const load = step('load', {
  environment: { GREETING: env('GREETING') },
  run: ({ folder, base }: { folder: string; base: number }, { log, progress, user }) => {
    note(folder, 'load');
    log('loading', { base });
    progress(0.5, 'half way');
    process.stdout.write('written\n');
    process.stderr.write('to stderr\n');
    const sql = readFileSync(new URL('./sql/cart.sql', import.meta.url), 'utf8');
    return {
      value: double(Number(/\d+/.exec(sql)?.[0]) + base),
      weights: Float32Array.of(0.5, 1.5),
      greeting: process.env['GREETING'],
      cwd: process.cwd(),
      keys: Object.keys(process.env).filter((name) => /SECRET|TOKEN/.test(name)),
      user,
    };
  },
});

const report = step('report', {
  run: ({ folder, value, weights }: { folder: string; value: number; weights: Float32Array }, { card }) => {
    note(folder, 'report');
    card({ kind: 'text', text: `worth ${value}` });
    return { text: `worth ${value}`, sum: weights.reduce((a, b) => a + b, 0) };
  },
});

export const linear = flow('Linear', { folder: z.string(), base: z.coerce.number().default(0) }, ({ folder, base }) => {
  const { value, weights } = load({ folder, base });
  return report({ folder, value, weights });
});

const list = step('list', {
  run: ({ folder, size }: { folder: string; size: number }) => {
    note(folder, 'list');
    return { xs: Array.from({ length: size }, (_, i) => i + 1) };
  },
});
const square = step('square', {
  run: ({ folder, x }: { folder: string; x: number }) => {
    note(folder, `square${x}`);
    if (x === 3 && existsSync(join(folder, 'break'))) throw new Error('three is broken');
    return { y: x * x };
  },
});
const sum = step('sum', {
  run: ({ folder, parts }: { folder: string; parts: readonly { readonly y: number }[] }) => {
    note(folder, 'sum');
    return { total: parts.reduce((all, { y }) => all + y, 0) };
  },
});

/** A fan-out between two steps. */
export const fan = flow('Fan', { folder: z.string(), size: z.coerce.number().default(5) }, ({ folder, size }) =>
  sum({ folder, parts: each(list({ folder, size }).xs, (x) => square({ folder, x })) }),
);

/** One step here, one there. */
export const mixed = flow('Mixed', { folder: z.string() }, ({ folder }) => {
  const { xs } = list.with({ compute: 'local' })({ folder, size: 5 });
  return sum({ folder, parts: each(xs, (x) => square({ folder, x })) });
});

/** Fails once, and then does not. */
export const retried = flow('Retried', { folder: z.string() }, ({ folder }) =>
  step('patient', {
    retry: { times: 1, backoffSeconds: 0 },
    run: ({ folder }: { folder: string }, { attempt }) => {
      note(folder, `patient${attempt}`);
      if (attempt === 0) throw new Error('not yet');
      return { attempt };
    },
  })({ folder }),
);

export const caught = flow('Caught', { folder: z.string() }, ({ folder }) =>
  step('risky', {
    run: ({ folder }: { folder: string }): { note: string } => {
      note(folder, 'risky');
      throw new Error('it went wrong');
    },
    catch: (failure) => ({ note: `caught: ${failure.message}` }),
  })({ folder }),
);

/** What a body does to its process. */
const fate = step('fate', {
  retry: { times: 0 },
  run: async ({ folder, what }: { folder: string; what: string }, { signal, checkpoint, attempt, log }) => {
    note(folder, `fate${attempt}`);
    if (what === 'throw') throw new Error('by itself');
    if (what === 'kill') process.kill(process.pid, 'SIGKILL');
    if (what === 'hang') for (;;);
    if (what === 'memory') {
      const held: Buffer[] = [];
      for (;;) {
        held.push(Buffer.alloc(1 << 26, 1));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    const before = await checkpoint.load();
    if (what === 'wait' && before === undefined) {
      log('waiting');
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      writeFileSync(join(folder, 'aborted'), String(signal.reason));
      await checkpoint.save({ reached: 7 });
      signal.throwIfAborted();
    }
    return { before };
  },
});

export const fated = flow('Fated', { folder: z.string(), what: z.string().default('nothing') }, ({ folder, what }) =>
  fate({ folder, what }),
);

/** A body that is given a secret, and says it aloud. */
export const trusted = flow('Trusted', { folder: z.string() }, ({ folder }) =>
  step('open', {
    secrets: ['aws-secrets-manager.shop'],
    run: ({ folder }: { folder: string }) => {
      note(folder, 'open');
      const { SHOP_KEY: key = '' } = process.env;
      process.stdout.write(`the key is ${key}\n`);
      return { letters: key.length };
    },
  })({ folder }),
);

/** Each of three waits until all three are there. */
const meet = step('meet', {
  run: async ({ folder }: { folder: string }, { gang: own, signal }) => {
    note(folder, `meet${own?.index ?? ''}`);
    while (readFileSync(join(folder, 'ran'), 'utf8').split('meet').length <= (own?.count ?? 0)) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { MF_PARALLEL_MAIN_IP: told = '' } = process.env;
    return { index: own?.index ?? -1, main: own?.mainAddress ?? '', told };
  },
});
const gather = step('gather', {
  run: ({ met }: { met: readonly { readonly index?: number; readonly main?: string; readonly told?: string }[] }) => ({
    met: met.map(({ index, main, told }) => `${index} ${main} ${told}`),
  }),
});

export const meeting = flow('Meeting', { folder: z.string() }, ({ folder }) =>
  gather({ met: gang(3, () => meet({ folder })) }),
);

/** One of three throws in the first attempt, while the others wait for their end. */
const split = step('split', {
  retry: { times: 1, backoffSeconds: 0 },
  run: async ({ folder, who }: { folder: string; who: number }, { gang: own, signal, attempt }) => {
    note(folder, `split${own?.index ?? ''}`);
    if (attempt > 0) {
      // The main task ends first, and the others are not ended with it.
      if (own?.index !== 0) await new Promise((resolve) => setTimeout(resolve, 1000));
      return { at: own?.index ?? -1 };
    }
    if (own?.index === who) throw new Error(`${who} breaks it`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    throw new Error('told to end');
  },
});
const together = step('together', {
  run: ({ all }: { all: readonly { readonly at?: number }[] }) => ({ at: all.map(({ at }) => at) }),
});

export const breaking = flow('Breaking', { folder: z.string(), who: z.number() }, ({ folder, who }) =>
  together({ all: gang(3, () => split({ folder, who })) }),
);
