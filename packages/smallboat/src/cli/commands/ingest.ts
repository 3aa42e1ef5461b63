import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { defineErrors, messageOf } from '../../kernel/index.ts';
import { ingest, openWarehouse } from '../../warehouse/index.ts';
import type { IngestedFile, RawTable } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';
import { drawProgress } from '../progress-line.ts';

export const ingestCommandErrors = defineErrors({
  RAW_TABLES_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} does not say which files go into which tables: ${f.problem}. It should export a list of RawTable, as apps/intent/raw-tables.ts does.`,
});

const schema = z.object({
  folder: z.string().min(1),
  tables: z.string().default('raw-tables.ts'),
  schema: z.string().min(1).default('sigir_2021_demo'),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  'bad-rows': z.coerce.number().int().nonnegative().default(0),
  json: z.boolean().default(false),
});

/** `smallboat ingest data --tables raw-tables.ts` */
export const command: Command<typeof schema> = {
  name: 'ingest',
  summary: 'Load raw files into the warehouse; what was loaded before is left alone.',
  example: 'smallboat ingest data --tables apps/intent/raw-tables.ts',
  positionals: ['folder'],
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    tables: { type: 'string', short: 't', help: 'module that exports the raw tables (default raw-tables.ts)' },
    schema: { type: 'string', help: 'schema of the raw tables (default sigir_2021_demo)' },
    warehouse: {
      type: 'string',
      short: 'w',
      help: 'URL of the warehouse (default: WAREHOUSE_URL, or <home>/warehouse.duckdb)',
    },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    'bad-rows': { type: 'string', help: 'rows of a file that may be left out, and kept in _rejected_rows (default 0)' },
    json: { type: 'boolean', help: 'print the report as JSON' },
  },
  async run({ folder, tables, schema, warehouse, home, json, 'bad-rows': badRowsAtMost }, io) {
    const url = warehouse ?? `duckdb:${join(home, 'warehouse.duckdb')}`;
    const list = await readTables(resolve(io.cwd, tables));
    await using opened = await openWarehouse(url, { cwd: io.cwd, env: io.env });
    const report = await ingest(opened, {
      folder: folder.startsWith('s3://') ? folder : resolve(io.cwd, folder),
      badRowsAtMost,
      tables: list,
      schema,
      onProgress: drawProgress(io),
    });
    if (json) io.out(JSON.stringify(report));
    else for (const file of report.files) io.out(lineOf(file));
  },
};

function lineOf({ table, path, outcome, rows, rejected, seconds, ignoredColumns }: IngestedFile): string {
  const left = ignoredColumns.length === 0 ? '' : `; left out: ${ignoredColumns.join(', ')}`;
  const bad = rejected === 0 ? '' : `; ${rejected.toLocaleString('en-US')} bad rows in _rejected_rows`;
  const speed =
    outcome === 'loaded' && seconds > 0 ? `, ${Math.round(rows / seconds).toLocaleString('en-US')} rows/s` : '';
  return `${table}: ${rows.toLocaleString('en-US')} rows ${outcome} from ${path} in ${seconds.toFixed(1)} s${speed}${bad}${left}`;
}

const Source = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('column'), column: z.string() }),
  z.object({ kind: z.literal('json'), columns: z.array(z.string()).min(1) }),
  z.object({ kind: z.literal('constant'), value: z.string() }),
  z.object({ kind: z.literal('loadedAt') }),
]);

const Tables = z
  .array(
    z.object({
      file: z.string().min(1),
      table: z.string().min(1),
      source: z.array(z.object({ name: z.string().min(1), kind: z.enum(['text', 'epochMs', 'list']) })).min(1),
      columns: z.array(z.object({ name: z.string().min(1), from: Source })).min(1),
      layout: z
        .object({ distributeBy: z.string().exactOptional(), sortBy: z.array(z.string()).exactOptional() })
        .exactOptional(),
    }),
  )
  .min(1);

async function readTables(path: string): Promise<readonly RawTable[]> {
  let exported: readonly unknown[];
  try {
    const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(path).href);
    exported = Object.values(module);
  } catch (cause) {
    const problem = messageOf(cause);
    throw ingestCommandErrors.RAW_TABLES_UNREADABLE({ path, problem }, { cause });
  }
  const parsed = exported.filter(Array.isArray).map((value) => Tables.safeParse(value));
  const good = parsed.find(({ success }) => success);
  if (good?.success === true) return good.data;
  const problem = parsed[0]?.error === undefined ? 'it exports no list' : z.prettifyError(parsed[0].error);
  throw ingestCommandErrors.RAW_TABLES_UNREADABLE({ path, problem });
}
