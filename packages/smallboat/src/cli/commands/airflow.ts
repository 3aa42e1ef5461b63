import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { dagFile } from '../../orchestrate/index.ts';
import type { Command } from '../command.ts';
import { deployFlags, deploySchema, namedFlow, needed, writeOut } from '../deploy-flow.ts';

const schema = z.looseObject({ action: z.enum(['create']), ...deploySchema, out: z.string().optional() });

/** `smallboat airflow create flow.ts --out dags/flow.py` */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = await namedFlow(argv, io, 'airflow');
  return {
    name: 'airflow',
    summary:
      'Write a flow as the file of a DAG for Airflow 3. Its tasks are commands of Airflow’s workers, which need Node.',
    example: 'smallboat airflow create flow.ts --out dags/flow.py',
    positionals: ['action', 'flow'],
    schema,
    flags: { ...deployFlags, out: { type: 'string', short: 'o', help: 'the file to write (default: print it)' } },
    async run(args) {
      const flow = needed(named, 'airflow');
      const { out, 'max-workers': maxWorkers } = args;
      const path = out === undefined ? undefined : resolve(io.cwd, out);
      const before = path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : '';
      const [, owner = '', token] = /made by Smallboat for (.*?): .*\n# production token: (\S+)/.exec(before) ?? [];
      const deployed = token === undefined ? undefined : { owner, token };
      const deployment = await flow.deployment(args, { runsAs: 'Airflow', deployed });
      const text = await dagFile(deployment, maxWorkers === undefined ? {} : { maxWorkers });
      writeOut(text, { path, json: args.json, facts: { name: deployment.name, token: deployment.token } }, io);
    },
  };
}
