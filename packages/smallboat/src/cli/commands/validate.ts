import { join, resolve } from 'node:path';
import * as z from 'zod';
import { defineErrors } from '../../kernel/index.ts';
import type { CheckpointResult } from '../../quality/index.ts';
import { expectedInWords, failureOf, observedInWords, readSuite, runCheckpoint } from '../../quality/index.ts';
import { textTable } from '../../report/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';

export const validateCommandErrors = defineErrors({
  VALIDATION_FAILED: (f: { failed: number; evaluated: number; page: string }) =>
    `${f.failed} of ${f.evaluated} expectations failed. See ${f.page} for what was found; correct the data, or the suite if it asks too much.`,
});

const schema = z.object({
  suite: z.string(),
  relation: z.string(),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  'run-name': z.string().min(1).default('validate'),
  format: z.enum(['BOOLEAN_ONLY', 'BASIC', 'SUMMARY', 'COMPLETE']).default('SUMMARY'),
  'no-quarantine': z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `smallboat validate <suite> <relation>`: an expectation suite over a table, outside any flow. */
export const command: Command<typeof schema> = {
  name: 'validate',
  summary: 'Check a table against an expectation suite of Great Expectations.',
  example: 'smallboat validate expectations/public.session_stats.json public.session_stats',
  positionals: ['suite', 'relation'],
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    warehouse: {
      type: 'string',
      short: 'w',
      help: 'URL of the warehouse (default: WAREHOUSE_URL, or <home>/warehouse.duckdb)',
    },
    home: { type: 'string', help: 'folder of Smallboat, for the data docs (default .smallboat)' },
    'run-name': { type: 'string', help: 'name of the run in results and pages (default validate)' },
    format: { type: 'string', help: 'how much results say: BOOLEAN_ONLY, BASIC, SUMMARY (default) or COMPLETE' },
    'no-quarantine': { type: 'boolean', help: 'do not copy failing rows to quality_quarantine' },
    json: { type: 'boolean', help: "print the result as JSON, in Great Expectations' shape" },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const suite = await readSuite(resolve(io.cwd, args.suite));
    const url = args.warehouse ?? `duckdb:${join(home, 'warehouse.duckdb')}`;
    await using warehouse = await openWarehouse(url, { cwd: io.cwd });
    const checkpoint = await runCheckpoint({
      warehouse,
      validations: [{ suite, relation: args.relation }],
      folder: join(home, 'data-docs'),
      runName: args['run-name'],
      resultFormat: args.format,
      quarantine: !args['no-quarantine'],
    });
    const [validation] = checkpoint.validations;
    if (validation === undefined) throw failureOf(checkpoint);
    if (args.json) io.out(JSON.stringify(validation.result, null, 2));
    else for (const line of summary(checkpoint, io.columns)) io.out(line);
    if (checkpoint.success) return;
    const { statistics } = validation.result;
    throw validateCommandErrors.VALIDATION_FAILED({
      failed: statistics.unsuccessful_expectations,
      evaluated: statistics.evaluated_expectations,
      page: validation.pagePath,
    });
  },
};

function summary({ validations }: CheckpointResult, columns: number): readonly string[] {
  return validations.flatMap(({ result, pagePath }) => {
    const rows = result.results.map((r) => [r.success ? '✓' : '✕', expectedInWords(r), observedInWords(r)]);
    const { statistics: s, meta } = result;
    const { quarantine, seconds } = meta.smallboat;
    return [
      ...textTable(['', 'Expectation', 'Found'], rows, { width: Math.max(columns, 60) }),
      '',
      `${s.successful_expectations} of ${s.evaluated_expectations} expectations hold (${seconds} s)`,
      ...(quarantine === null ? [] : [`${quarantine.rows} failing rows are in ${quarantine.table}`]),
      pagePath,
    ];
  });
}
