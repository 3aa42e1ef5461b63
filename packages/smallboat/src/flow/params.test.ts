import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { flow } from './compose/flow.ts';
import type { Ref } from './compose/ref.ts';
import { step } from './compose/step.ts';
import { configVariable, forgetConfigs } from './config-value.ts';
import { file } from './file-param.ts';
import { resumeFlow, runFlow } from './run-flow.ts';
import { inMemoryRunStore } from './store-in-memory.ts';

const module = import.meta.url;
let cwd = '';
const place = (name: string): string => join(cwd, name);
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'smallboat-params-'));
  await writeFile(place('words.txt'), 'ü\nb\n');
  await writeFile(place('raw.bin'), Uint8Array.of(255, 0));
  await writeFile(place('grid.json'), '{"rates":[1,2]}');
});

describe('a parameter that takes a file', () => {
  const use = step('use', {
    run: (x: { words: string; raw: Uint8Array; grid: { rates: number[] } }) => ({
      lines: x.words.split('\n').length,
      first: x.raw[0],
      rates: x.grid.rates,
    }),
  });
  const params = {
    words: file(),
    raw: file({ as: 'bytes' }),
    grid: file({ as: 'json', schema: z.object({ rates: z.array(z.number()) }) }),
  };
  const f = flow('F', params, ({ words, raw, grid }) => {
    expectTypeOf(words).toEqualTypeOf<Ref<string>>();
    expectTypeOf(raw).toEqualTypeOf<Ref<Uint8Array>>();
    expectTypeOf(grid).toEqualTypeOf<Ref<{ rates: number[] }>>();
    return use({ words, raw, grid });
  });
  const given = (): { words: string; raw: string; grid: string } => ({
    words: place('words.txt'),
    raw: place('raw.bin'),
    grid: place('grid.json'),
  });

  it('is its content', async () => {
    const run = await runFlow(f, { module, store: inMemoryRunStore(), params: given() });
    expect(await run.result()).toEqual({ lines: 3, first: 255, rates: [1, 2] });
  });

  it.each([
    ['words', 'gone.txt', 'no such file'],
    ['words', 'raw.bin', 'no UTF-8 text'],
    ['grid', 'words.txt', 'not valid JSON'],
    ['words', undefined, 'no default'],
  ])('names the file of %s that cannot be used: %s', async (param, name, problem) => {
    const params = { ...given(), [param]: name === undefined ? undefined : place(name) };
    await expect(runFlow(f, { module, store: inMemoryRunStore(), params })).rejects.toThrow(problem);
  });

  it('is kept with the run: a resumed run has it whatever became of the file', async () => {
    let isBroken = true;
    const path = place('changing.txt');
    await writeFile(path, 'before');
    const read = step('read', {
      run: ({ words }: { words: string }) => {
        if (isBroken) throw new Error('not yet');
        return { words };
      },
    });
    const g = flow('G', { words: file() }, ({ words }) => read({ words }));
    const store = inMemoryRunStore();
    await expect(runFlow(g, { module, store, params: { words: path } })).rejects.toThrow('not yet');
    await writeFile(path, 'after');
    isBroken = false;
    const run = await resumeFlow(g, { module, store });
    expect(await run.result()).toEqual({ words: 'before' });
    isBroken = true;
    await expect(runFlow(g, { module, store, params: { words: path } })).rejects.toThrow('not yet');
    await writeFile(path, 'again');
    await expect(resumeFlow(g, { module, store, params: { words: path } })).rejects.toMatchObject({
      code: 'PARAMS_CHANGED',
    });
  });
});

describe('a configuration', () => {
  const room = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;
  const zod = import.meta.resolve('zod');
  afterAll(forgetConfigs);
  const modules = new Map<string, number>();
  const load = async (name: string, options: string): Promise<unknown> => {
    const count = (modules.get(name) ?? 0) + 1;
    modules.set(name, count);
    const path = place(`${name}-${count}.ts`);
    await writeFile(
      path,
      `import * as z from '${zod}';\nimport { config } from '${room}';\nexport const value = config('${name}', ${options});\n`,
    );
    return ((await import(pathToFileURL(path).href)) as { value: unknown }).value;
  };

  it('is read when the module is imported, from JSON, YAML or what parses it', async () => {
    await writeFile(place('a.yaml'), 'gpu: 1\nrates: [0.1, 0.2]\n');
    expect(await load('a', `{ default: './a.yaml' }`)).toEqual({ gpu: 1, rates: [0.1, 0.2] });
    expect(
      await load(
        'b',
        `{ default: './grid.json', schema: z.object({ rates: z.array(z.number()), n: z.number().default(3) }) }`,
      ),
    ).toEqual({ rates: [1, 2], n: 3 });
    expect(await load('c', `{ default: './words.txt', parse: (text: string) => text.trim().split('\\n') }`)).toEqual([
      'ü',
      'b',
    ]);
  });

  it('is what the command line gives instead', async () => {
    const [name, content] = configVariable('d={"x":7}', 'value', cwd);
    process.env[name] = content;
    expect(await load('d', `{ default: './grid.json' }`)).toEqual({ x: 7 });
    const [other, file_] = configVariable('e=grid.json', 'file', cwd);
    process.env[other] = file_;
    expect(await load('e', '')).toEqual({ rates: [1, 2] });
  });

  it.each([
    ['f', '', 'FLOW_CONFIG_MISSING', '--config f=<file>'],
    ['g', `{ default: './gone.json' }`, 'FLOW_CONFIG_UNREADABLE', 'no such file'],
    ['h', `{ default: './words.txt' }`, 'FLOW_CONFIG_UNREADABLE', 'not valid JSON'],
    ['i', `{ default: './grid.json', schema: z.object({ rates: z.string() }) }`, 'FLOW_CONFIG_UNREADABLE', 'at rates'],
  ])('%s: says what is wrong with it', async (name, options, code, words) => {
    await expect(load(name, options)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

describe('at the end of a run', () => {
  const fails = step('fails', {
    run: ({ ok }: { ok: boolean }) => {
      if (!ok) throw new Error('no');
      return { ok };
    },
  });
  const told: unknown[] = [];
  const f = flow('F', { ok: z.boolean() }, ({ ok }) => fails({ ok }), {
    onSuccess: (outcome) => void told.push(outcome),
    onFailure: (outcome) => {
      told.push(outcome);
      throw new Error('and this');
    },
  });

  it('the flow’s hooks are called, and what goes wrong in them changes nothing', async () => {
    const events: string[] = [];
    const options = { module, store: inMemoryRunStore(), onEvent: (e: { kind: string }) => void events.push(e.kind) };
    const run = await runFlow(f, { ...options, params: { ok: true } });
    await expect(runFlow(f, { ...options, params: { ok: false } })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(told).toEqual([
      { flow: 'F', run: run.run, state: 'done' },
      { flow: 'F', run: expect.any(String), state: 'failed', message: 'fails: no' },
    ]);
    expect(events.filter((kind) => kind === 'hookFailed')).toHaveLength(1);
  });
});
