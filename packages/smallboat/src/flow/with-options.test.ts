import { describe, expect, it } from 'vitest';
import { flow } from './compose/flow.ts';
import { step } from './compose/step.ts';
import { runFlow } from './run-flow.ts';
import { inMemoryRunStore } from './store-in-memory.ts';
import { applyWith, parseWith } from './with-options.ts';

const plain = step('plain', { run: () => ({ x: 1 }) });
const own = step('own', {
  retry: { times: 9 },
  resources: { gpu: 1 },
  compute: 'local',
  environment: { A: 'mine' },
  run: ({ x }: { x: number }) => ({ x }),
});
const both = flow('Both', {}, () => own({ x: plain({}).x }));
const optionsOf = (specs: readonly string[]) =>
  Object.fromEntries(
    applyWith(both, specs)
      .dag()
      .steps.map(({ name, options }) => [name, options]),
  );

describe('--with', () => {
  it.each([
    ['retry', { retry: { times: 3, backoffSeconds: 1 } }],
    ['retry:times=2,backoffSeconds=0', { retry: { times: 2, backoffSeconds: 0 } }],
    ['retry:times=1,minutes_between_retries=2', { retry: { times: 1, backoffSeconds: 120 } }],
    ['timeout:minutes=2,seconds=5', { timeoutSeconds: 125 }],
    ['resources:cpu=4,memory=8000', { resources: { cpu: 4, memoryMiB: 8000 } }],
    ['environment:vars={"A":"1","B":"x,y"}', { environment: { A: '1', B: 'x,y' } }],
    ['environment:A=1,B=two', { environment: { A: '1', B: 'two' } }],
    ['secrets:sources=["aws-secrets-manager.db"]', { secrets: ['aws-secrets-manager.db'] }],
    ['image:name=node:24', { image: 'node:24' }],
    [
      'batch:queue=gpu,image=node:24,cpu=8,gpu=1',
      { compute: 'batch', image: 'node:24', resources: { cpu: 8, gpu: 1 }, batch: { queue: 'gpu' } },
    ],
    ['kubernetes:namespace=ml', { compute: 'kubernetes', kubernetes: { namespace: 'ml' } }],
    ['local', { compute: 'local' }],
  ])('reads %s', (spec, options) => {
    expect(parseWith(spec)).toEqual(options);
  });

  it.each([
    ['retries', "there is nothing of the name 'retries'"],
    ['retry:times=many', 'times is no number'],
    ['timeout', 'it needs seconds, minutes or hours'],
    ['retry:3', "'3' is not written as name=value"],
  ])('refuses %s', (spec, problem) => {
    expect(() => parseWith(spec)).toThrow(
      expect.objectContaining({ code: 'WITH_INVALID', message: expect.stringContaining(problem) }),
    );
  });

  it('goes to one step that it names, and to none that there is not', () => {
    expect(optionsOf(['plain=batch:gpu=1', 'retry:times=1'])).toMatchObject({
      plain: { compute: 'batch', resources: { gpu: 1 }, retry: { times: 1 } },
      own: { compute: 'local', resources: { gpu: 1 }, retry: { times: 9 } },
    });
    expect(() => optionsOf(['trian=batch'])).toThrow("the flow 'Both' has no step 'trian'; it has plain, own");
  });

  it('goes to steps that do not say so themselves, and adds to what they need', () => {
    expect(optionsOf(['retry:times=1', 'batch:cpu=2', 'environment:A=all,B=all'])).toEqual({
      plain: {
        retry: { times: 1, backoffSeconds: 1 },
        compute: 'batch',
        resources: { cpu: 2 },
        environment: { A: 'all', B: 'all' },
      },
      own: {
        retry: { times: 9 },
        compute: 'local',
        resources: { cpu: 2, gpu: 1 },
        environment: { A: 'mine', B: 'all' },
      },
    });
  });

  it('catches for steps that have no catch, with nothing', async () => {
    const breaks = step('breaks', {
      run: (): { x: number } => {
        throw new Error('no');
      },
    });
    const show = step('show', { run: ({ x }: { x: number }) => ({ x: x ?? 'nothing' }) });
    const f = applyWith(
      flow('F', {}, () => show({ x: breaks({}).x })),
      ['catch'],
    );
    const run = await runFlow(f, { module: import.meta.url, store: inMemoryRunStore() });
    expect(await run.result()).toEqual({ x: 'nothing' });
  });
});
