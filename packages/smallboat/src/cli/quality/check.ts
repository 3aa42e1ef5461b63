import { join, resolve } from 'node:path';
import * as z from 'zod';
import { readSuite, runCheckpoint } from '../../quality/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';
import { throwIfBlocking } from './failure.ts';
import { CHECKING, PLACES, checkingShape, fileAmong, parametersOf, placesOf, placesShape, summary } from './shared.ts';

const schema = z.object({
  suite: z.string(),
  relation: z.string(),
  'good-rows': z.string().min(1).optional(),
  ...placesShape,
  ...checkingShape,
});

/** A suite over a table, a query in brackets or a file: `smallboat quality check`, and `smallboat validate` as it was first called. */
export function checkCommand(name: 'quality' | 'validate'): Command<typeof schema> {
  const call = name === 'validate' ? 'smallboat validate' : 'smallboat quality check';
  return {
    name,
    call,
    summary: 'Check a table, a query or a file against an expectation suite of Great Expectations.',
    example: `${call} expectations/public.session_stats.json public.session_stats`,
    positionals: ['suite', 'relation'],
    schema,
    fromSettings: ['home', 'warehouse'],
    flags: {
      ...PLACES,
      ...CHECKING,
      'good-rows': { type: 'string', help: 'a table for the rows that no failed expectation rejects' },
    },
    async run(args, io) {
      const { home, folder, url } = placesOf(args, io);
      const suite = await readSuite(resolve(io.cwd, args.suite));
      const file = fileAmong(args.relation, io);
      await using warehouse = await openWarehouse(file === undefined ? url : 'duckdb::memory:', { cwd: io.cwd });
      const runName = args['run-name'] ?? 'validate';
      const checkpoint = await runCheckpoint({
        warehouse,
        validations: [
          {
            suite,
            relation: file ?? args.relation,
            ...(file === undefined ? {} : { isInOrder: true }),
            ...(args['good-rows'] === undefined ? {} : { goodRows: args['good-rows'] }),
          },
        ],
        folder,
        runName,
        quarantine: !args['no-quarantine'],
        parameters: parametersOf(args.parameter),
        onProgress: drawProgress(io),
        ...(file === undefined ? {} : { quarantineFolder: join(home, 'quarantine') }),
        ...(args.format === undefined ? {} : { resultFormat: args.format }),
        ...(args['fail-on'] === undefined ? {} : { failOn: args['fail-on'] }),
      });
      const [validation] = checkpoint.validations;
      if (args.json) io.out(JSON.stringify(validation?.result, null, 2));
      else for (const line of summary(checkpoint, io.columns)) io.out(line);
      throwIfBlocking(checkpoint);
    },
  };
}
