import { join, resolve } from 'node:path';
import * as z from 'zod';
import { dbtValidations, readCheckpoint, runCheckpoint } from '../../quality/index.ts';
import type { CheckpointOptions } from '../../quality/index.ts';
import type { Io } from '../../kernel/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';
import { throwIfBlocking } from './failure.ts';
import { CHECKING, PLACES, checkingShape, figuresTo, parametersOf, placesOf, placesShape, summary } from './shared.ts';

const shape = { ...placesShape, ...checkingShape } as const;
const checkpointSchema = z.object({ file: z.string(), ...shape });
const dbtSchema = z.object({ project: z.string(), select: z.array(z.string()).default([]), ...shape });
type Args = z.infer<z.ZodObject<typeof shape>>;

/** `smallboat quality checkpoint <file>` */
export const checkpoint: Command<typeof checkpointSchema> = {
  name: 'quality',
  call: 'smallboat quality checkpoint',
  summary: 'Run a checkpoint as Great Expectations writes it, YAML or JSON: its suites, then its actions.',
  example: 'smallboat quality checkpoint gx/checkpoints/nightly.json',
  positionals: ['file'],
  schema: checkpointSchema,
  fromSettings: ['home', 'warehouse'],
  flags: { ...PLACES, ...CHECKING },
  async run(args, io) {
    const read = await readCheckpoint(resolve(io.cwd, args.file), { env: io.env });
    await runAll(args, io, read);
  },
};

/** `smallboat quality dbt <project>` */
export const dbt: Command<typeof dbtSchema> = {
  name: 'quality',
  call: 'smallboat quality dbt',
  summary: 'Ask the tests of a dbt project as expectations, for one report of all.',
  example: 'smallboat quality dbt apps/intent/dbt --select session_stats',
  positionals: ['project'],
  schema: dbtSchema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    ...PLACES,
    ...CHECKING,
    select: {
      type: 'string',
      short: 's',
      multiple: true,
      help: 'name of a model or source (default: all that have tests)',
    },
  },
  async run(args, io) {
    const select = args.select.length === 0 ? {} : { select: args.select };
    const validations = await dbtValidations(resolve(io.cwd, args.project), select);
    await runAll(args, io, { validations, runName: 'dbt' });
  },
};

type Given = Pick<CheckpointOptions, 'validations' | 'runName'> & Partial<CheckpointOptions>;

async function runAll(args: Args, io: Io, given: Given): Promise<void> {
  const { home, folder, url } = placesOf(args, io);
  // A checkpoint of files alone leaves the warehouse of the home as it is.
  const areFiles = given.validations.every((v) => v.isInOrder === true);
  await using warehouse = await openWarehouse(areFiles ? 'duckdb::memory:' : url, { cwd: io.cwd });
  const runName = args['run-name'] ?? given.runName;
  const result = await runCheckpoint({
    ...given,
    warehouse,
    folder,
    runName,
    env: io.env,
    quarantine: !args['no-quarantine'] && (given.quarantine ?? true),
    parameters: { ...given.parameters, ...parametersOf(args.parameter) },
    logMetrics: figuresTo(home, runName),
    onProgress: drawProgress(io),
    ...(areFiles ? { quarantineFolder: join(home, 'quarantine') } : {}),
    ...(args.format === undefined ? {} : { resultFormat: args.format }),
    ...(args['fail-on'] === undefined ? {} : { failOn: args['fail-on'] }),
  });
  if (args.json) io.out(JSON.stringify(result, null, 2));
  else for (const line of [...summary(result, io.columns), '', result.indexPath]) io.out(line);
  throwIfBlocking(result);
}
