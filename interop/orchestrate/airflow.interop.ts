import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRunStore, readRun } from '../../packages/smallboat/src/flow/index.ts';
import { runOf, tracedParameters } from '../../packages/smallboat/src/flow/orchestrated/index.ts';
import { dagFile } from '../../packages/smallboat/src/orchestrate/index.ts';
import { engineCases } from '../../packages/smallboat/src/orchestrate/testing/cases.ts';
import { squares, troubles } from '../../packages/smallboat/src/orchestrate/testing/flows.ts';
import { expectSameArtifacts } from '../../packages/smallboat/src/orchestrate/testing/same-artifacts.ts';
import { pythonEnv } from '../python.ts';
import { aFolder, aProject, deployed, machine, sharedPlace } from './project.ts';

const project = aProject();
const home = aFolder();
const dags = join(home, 'dags');
let place: Awaited<ReturnType<typeof sharedPlace>>;

/** Airflow 3 with a database of its own, as one machine. */
async function airflow(...args: string[]): Promise<string> {
  const bin = pythonEnv('airflow');
  const { stdout, stderr } = await promisify(execFile)(join(bin, 'airflow'), args, {
    env: {
      ...machine,
      HOME: home,
      PATH: `${bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__DAGS_FOLDER: dags,
      AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
      AIRFLOW__CORE__UNIT_TEST_MODE: 'False',
    },
    maxBuffer: 1 << 28,
  });
  return `${stdout}\n${stderr}`;
}

beforeAll(async () => {
  place = await sharedPlace();
  mkdirSync(dags);
  await airflow('db', 'migrate');
  return () => place[Symbol.asyncDispose]();
});

const write = async (flow: string): Promise<void> => {
  const deployment = await deployed(project, { flow, place, runsAs: 'Airflow' });
  writeFileSync(join(dags, `${flow}.py`), await dagFile(deployment));
};

describe('Airflow', () => {
  it('parses every flow that it can run, with schedule, time zone, assets and parameters', async () => {
    for (const flow of ['Linear', 'Branch', 'Choices', 'Troubles', 'Nightly', 'Squares']) await write(flow);
    const errors = JSON.parse(
      lastJson(await airflow('dags', 'list-import-errors', '--local', '-o', 'json')),
    ) as object[];
    expect(errors).toEqual([]);
  });

  it.each(engineCases.filter(({ flow }) => flow === squares || flow === troubles))(
    'makes what a run here makes: $name',
    async ({ flow, params }) => {
      await write(flow.name);
      const folder = aFolder();
      const said = await airflow('dags', 'test', flow.name, '--conf', JSON.stringify({ ...params, folder }));
      const [, execution = ''] = /run_id=['"]?(manual__[^\s'",)\]]+)/.exec(said) ?? [];
      await using store = await openRunStore(place.spec);
      const run = (await runOf(store, flow.name, execution)) ?? '';
      expect(run, said.slice(-4000)).not.toBe('');
      await expectSameArtifacts({ store, run }, { flow, params: { ...params, folder: aFolder() } });
    },
  );

  it('tells bodies of the trace that its configuration names', async () => {
    await write('Traced');
    const given = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`;
    const conf = tracedParameters({ folder: aFolder() }, { TRACEPARENT: given });
    const said = await airflow('dags', 'test', 'Traced', '--conf', JSON.stringify(conf));
    const [, execution = ''] = /run_id=['"]?(manual__[^\s'",)\]]+)/.exec(said) ?? [];
    await using store = await openRunStore(place.spec);
    const { steps } = await readRun(store, { flow: 'Traced', run: (await runOf(store, 'Traced', execution)) ?? '' });
    const key = steps.find(({ name }) => name === 'look')?.tasks[0]?.artifacts['seen'];
    expect(key && (await store.load('Traced', key)), said.slice(-3000)).toBe(given);
  });

  it('is told what it cannot do when the file is made', async () => {
    const loops = await deployed(project, { flow: 'Loops', place });
    await expect(dagFile(loops)).rejects.toThrow('a DAG has no loops');
    const grids = await deployed(project, { flow: 'Grids', place });
    await expect(dagFile(grids)).rejects.toThrow('mapped tasks cannot be mapped again');
  });
});

/** The list that a command prints, after what it logs. */
function lastJson(said: string): string {
  return said.includes('[{') ? said.slice(said.indexOf('[{'), said.lastIndexOf('}]') + 2) : '[]';
}
