import { resolve } from 'node:path';
import * as z from 'zod';
import { writeWhole } from '../../kernel/index.ts';
import { readSuite, suggestSuite } from '../../quality/index.ts';
import { textTable } from '../../report/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';
import { PLACES, fileAmong, placesOf, placesShape } from './shared.ts';

const schema = z.object({
  relation: z.string(),
  out: z.string().optional(),
  name: z.string().min(1).optional(),
  rows: z.coerce.number().int().positive().optional(),
  learned: z.boolean().default(false),
  json: z.boolean().default(false),
  ...placesShape,
});

/** `smallboat quality suggest <table>` */
export const suggest: Command<typeof schema> = {
  name: 'quality',
  call: 'smallboat quality suggest',
  summary: 'Propose an expectation suite from a table, a query or a file, with reasons.',
  example: 'smallboat quality suggest public.session_stats --out expectations/session_stats.json',
  positionals: ['relation'],
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    ...PLACES,
    out: { type: 'string', short: 'o', help: 'write the suite to this file, for Great Expectations and for us' },
    name: { type: 'string', help: "the suite's name (default: the data's)" },
    rows: { type: 'string', help: 'rows to look at for what is not counted in all of them (default 100000)' },
    learned: { type: 'boolean', help: 'propose also what learns from runs, which Great Expectations does not know' },
    json: { type: 'boolean', help: 'print the suite as JSON' },
  },
  async run(args, io) {
    const file = fileAmong(args.relation, io);
    const url = file === undefined ? placesOf(args, io).url : 'duckdb::memory:';
    await using warehouse = await openWarehouse(url, { cwd: io.cwd });
    const { suite, rows } = await suggestSuite({
      warehouse,
      relation: file ?? args.relation,
      learned: args.learned,
      onProgress: drawProgress(io),
      ...(args.name === undefined ? {} : { name: args.name }),
      ...(args.rows === undefined ? {} : { sampleRows: args.rows }),
    });
    const text = JSON.stringify(suite, null, 2);
    if (args.out !== undefined) await writeWhole(resolve(io.cwd, args.out), `${text}\n`);
    if (args.json) return io.out(text);
    const { expectations } = await readSuite(suite);
    const table = suite.expectations.map(({ type, kwargs, notes }, i) => {
      const { column, column_A, column_B, column_list, ...rest } = kwargs;
      const about = [column, column_A, column_B, column_list].flat().filter((name) => typeof name === 'string');
      return [
        about.join(', '),
        (expectations[i]?.type ?? type).replace(/^expect_(?:column_|table_)?/, ''),
        brief(rest),
        notes,
      ];
    });
    for (const line of textTable(['Column', 'Expectation', 'With', 'Why'], table, { width: Math.max(io.columns, 60) }))
      io.out(line);
    io.out('');
    io.out(`${suite.expectations.length} expectations from ${rows.toLocaleString('en-US')} rows`);
    if (args.out !== undefined) io.out(resolve(io.cwd, args.out));
    return undefined;
  },
};

function brief(kwargs: Readonly<Record<string, unknown>>): string {
  const text = Object.entries(kwargs)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
