import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import validate from 'asl-validator';
import { StateMachine } from 'aws-local-stepfunctions';
import { describe, expect, it } from 'vitest';
import { runOf } from '../../flow/orchestrated/index.ts';
import { type Flow, type RunStore, inMemoryRunStore } from '../../flow/index.ts';
import { plannedInProcess } from '../../flow/testing/planned-in-process.ts';
import { engineCases } from '../testing/cases.ts';
import { deploymentOf } from '../testing/deployment.ts';
import { branch, grids } from '../testing/flows.ts';
import { expectSameArtifacts } from '../testing/same-artifacts.ts';
import { stateMachineOf } from './state-machine.ts';

const made = (flow: Flow) => stateMachineOf(deploymentOf(flow), { queue: 'jobs', platform: 'EC2' }).definition;

/** Runs a state machine with its tasks in this process, as often as it is asked to. */
function engine(flow: Flow, store: RunStore): (params: Readonly<Record<string, unknown>>) => Promise<string> {
  const definition = made(flow);
  const pieces = plannedInProcess(flow, store);
  return async (params) => {
    const execution = new StateMachine(definition as never, { validationOptions: { noValidate: true } }).run(
      { Parameters: JSON.stringify(params) },
      {
        context: { Execution: { Name: 'first' } },
        overrides: {
          taskResourceLocalHandlers: handlers(definition, async (input) => {
            const { ContainerOverrides, Key } = input as Input;
            if (Key !== undefined) return { Body: JSON.stringify(pieces.decided.get(Key.replace('metaflow/', ''))) };
            const entries = ContainerOverrides.Environment.map(({ Name, Value }) => [Name, Value]);
            return pieces.run(Object.fromEntries(entries) as Record<string, string>);
          }),
          retryIntervalOverrides: Object.fromEntries(taskStates(definition).map((name) => [name, 5])),
        },
      },
    );
    await execution.result;
    return (await runOf(store, flow.name, 'first')) ?? '';
  };
}

const aFolder = (): string => mkdtempSync(join(tmpdir(), 'smallboat-sfn-'));

describe.each(engineCases)('Step Functions: $name', ({ flow, params }) => {
  it('is valid', () => {
    const { isValid, errorsText } = validate(made(flow));
    expect(errorsText('\n')).toBe('');
    expect(isValid).toBe(true);
  });

  it('makes what a run here makes', async () => {
    const store = inMemoryRunStore();
    const run = await engine(flow, store)({ ...params, folder: aFolder() });
    await expectSameArtifacts({ store, run }, { flow, params: { ...params, folder: aFolder() } });
  });
});

it('goes on where it failed, without doing again what is done', async () => {
  const folder = aFolder();
  const store = inMemoryRunStore();
  const run = engine(grids, store);
  writeFileSync(join(folder, 'break'), '');
  await expect(run({ folder })).rejects.toThrow(/three is broken|fit/);
  const before = ran(folder);
  rmSync(join(folder, 'break'));
  const id = await run({ folder });
  await expectSameArtifacts({ store, run: id }, { flow: grids, params: { folder: aFolder() } });
  const again = ran(folder).slice(before.length);
  expect(again).not.toContain('grid');
  expect(again).toContain('fit 3 1');
  expect(before.filter((name) => name !== 'fit 3 1' && again.includes(name))).toEqual([]);
});

function ran(folder: string): readonly string[] {
  return readFileSync(join(folder, 'ran'), 'utf8').trim().split('\n');
}

it('waits for nothing that it need not wait for', () => {
  const { States } = made(branch);
  const [parallel] = Object.values(States).filter(({ Type }) => Type === 'Parallel');
  expect(Object.keys(States)).toContain('load');
  expect(((parallel?.['Branches'] ?? []) as { StartAt: string }[]).map(({ StartAt }) => StartAt).sort()).toEqual([
    'check',
    'train',
  ]);
});

interface Input {
  readonly Key?: string;
  readonly ContainerOverrides: { readonly Environment: readonly { Name: string; Value: string }[] };
}

/** Names of the states that are tasks, at any depth. */
function taskStates(definition: unknown): readonly string[] {
  if (typeof definition !== 'object' || definition === null) return [];
  return Object.entries(definition).flatMap(([name, value]) => {
    const isTask = typeof value === 'object' && value !== null && 'Type' in value && value.Type === 'Task';
    return isTask ? [name] : taskStates(value);
  });
}

function handlers(definition: unknown, handle: (input: unknown) => Promise<unknown>) {
  return Object.fromEntries(taskStates(definition).map((name) => [name, handle as (input: unknown) => Promise<never>]));
}
