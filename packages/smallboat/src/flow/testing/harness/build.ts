import { appendFileSync, existsSync } from 'node:fs';
import * as z from 'zod';
import { match, when } from '../../compose/choice.ts';
import { each } from '../../compose/each.ts';
import { gang } from '../../compose/gang.ts';
import { type Flow, flow } from '../../compose/flow.ts';
import { merge } from '../../compose/merge.ts';
import type { Ref } from '../../compose/ref.ts';
import { repeat } from '../../compose/repeat.ts';
import { step } from '../../compose/step.ts';
import type { StepContext } from '../../context.ts';
import { type Arg, AT_MOST, type Block, type Made, type Spec, type Statement, caught, compute } from './spec.ts';

type Given = Ref<Made> & Readonly<Record<string, Ref<unknown>>>;
type Names = ReadonlyMap<string, unknown>;

/** A real flow, wired as a spec says. Its types are lost on the way: specs are drawn, not written. */
export function buildFlow(spec: Spec): Flow {
  return flow(spec.name, { seed: z.number().default(1) }, ({ seed }) => {
    const names = new Map<string, unknown>([['seed', seed]]);
    return wireBlock(spec, spec.block, names) as Ref<unknown>;
  });
}

function wireBlock(spec: Spec, { body, gives }: Block, outer: Names): unknown {
  const names = new Map(outer);
  for (const statement of body) names.set(statement.id, wire(spec, statement, names));
  return names.get(gives);
}

function wire(spec: Spec, statement: Statement, names: Names): unknown {
  const read = (arg: Arg): unknown => {
    if ('value' in arg) return arg.value;
    if ('param' in arg) return names.get(arg.param);
    if ('item' in arg) return names.get(`item ${arg.item}`);
    if ('state' in arg) return (names.get(`state ${arg.state}`) as Given)[arg.key];
    if ('all' in arg) return names.get(arg.all);
    return 'list' in arg ? names.get(arg.list) : (names.get(arg.from) as Given)[arg.key];
  };
  const block = (of: Block, more: readonly (readonly [string, unknown])[] = []): never =>
    wireBlock(spec, of, new Map([...names, ...more])) as never;
  switch (statement.do) {
    case 'step': {
      const inputs = Object.fromEntries(statement.reads.map((arg, i) => [`i${i}`, read(arg)]));
      const after = (statement.after ?? []).map((arg) => read(arg) as Ref<unknown>);
      return stepOf(spec, statement.id)(inputs, { after });
    }
    case 'each':
      return each(read(statement.over) as Ref<readonly unknown[]>, (item) =>
        block(statement.block, [[`item ${statement.id}`, item]]),
      );
    case 'gang':
      return gang(read(statement.count) as number, () => block(statement.block));
    case 'when': {
      const { yes, no } = statement;
      return when(read(statement.on) as Ref<boolean>, () => block(yes), no ? () => block(no) : undefined);
    }
    case 'match': {
      const cases = Object.entries(statement.cases).map(([name, of]) => [name, () => block(of)] as const);
      return match(read(statement.on) as Ref<string>, Object.fromEntries(cases) as never);
    }
    case 'repeat': {
      const start = { v: read(statement.start), xs: [], flag: true, kind: 'a' };
      return repeat(start, (state) => block(statement.block, [[`state ${statement.id}`, state]]), {
        while: (made: Given) => made['flag'] as Ref<boolean>,
        atMost: AT_MOST,
      } as never);
    }
    case 'merge':
      break;
  }
  const parts = statement.parts.map((part) => names.get(part) as Ref<object>);
  return merge(parts, { exclude: statement.exclude as never });
}

function stepOf({ behaviours = {}, ranFile }: Spec, name: string) {
  const behaviour = behaviours[name] ?? {};
  const { retry, hangs = 0, catches } = behaviour;
  return step(name, {
    ...(retry === undefined ? {} : { retry: { times: retry, backoffSeconds: 0 } }),
    ...(hangs > 0 ? { timeoutSeconds: 0.15 } : {}),
    ...(catches ? { catch: () => ({ ...caught(name) }) } : {}),
    run: async (inputs: Readonly<Record<string, unknown>>, context) => {
      if (ranFile !== undefined) appendFileSync(ranFile, `${context.step} ${context.attempt}\n`);
      context.log(`${context.step} attempt ${context.attempt}`);
      await misbehave(behaviour, context);
      const values = Object.keys(inputs)
        .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)))
        .map((key) => inputs[key]);
      return { ...compute(name, values) };
    },
  });
}

async function misbehave(
  { throws = 0, hangs = 0, dies = 0, brokenBy, checkpoints }: NonNullable<Spec['behaviours']>[string],
  { attempt, signal, checkpoint }: StepContext,
): Promise<void> {
  if (brokenBy !== undefined && existsSync(brokenBy)) throw new Error('broken on purpose');
  if (checkpoints) {
    const saved = await checkpoint.load();
    if (attempt > 0 && saved !== 'half way') throw new Error(`no checkpoint: ${String(saved)}`);
    if (attempt === 0) {
      await checkpoint.save('half way');
      throw new Error('half way');
    }
  }
  if (throws < 0 || attempt < throws) throw new Error(`attempt ${attempt} throws on purpose`);
  if (attempt < dies) process.kill(process.pid, 'SIGKILL');
  if (attempt < hangs) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    signal.throwIfAborted();
  }
}
