import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import type { NodeEvent, RunOptions, RunResults } from '../../transform/index.ts';
import { buildProject, compileProject, loadProject, runModels, runTests } from '../../transform/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  what: z.enum(['build', 'run', 'test', 'compile']),
  project: z.string().default('.'),
  select: z.string().optional(),
  exclude: z.string().optional(),
  target: z.string().optional(),
  var: z.array(z.string().regex(/^[^=]+=/, 'name=value is needed')).default([]),
  'target-folder': z.string().optional(),
  warehouse: z.string().optional(),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat transform build --project apps/intent/dbt` */
export const command: Command<typeof schema> = {
  name: 'transform',
  summary: 'Build, run, test or compile a dbt project in the warehouse.',
  example: 'smallboat transform build --project apps/intent/dbt --select session_stats+',
  positionals: ['what'],
  schema,
  fromSettings: ['home', 'warehouse'],
  flags: {
    project: { type: 'string', short: 'p', help: 'folder of the dbt project (default .)' },
    select: {
      type: 'string',
      short: 's',
      help: "nodes, as dbt's --select: name, +name, name+, tag:x, path:x, source:x",
    },
    exclude: { type: 'string', help: 'nodes to leave out, in the same words' },
    target: { type: 'string', short: 't', help: 'target of profiles.yml (default: the one it says)' },
    var: { type: 'string', multiple: true, help: 'a variable, name=value; wins over dbt_project.yml' },
    'target-folder': { type: 'string', help: 'for run_results.json and compiled SQL (default <home>/dbt-target)' },
    warehouse: {
      type: 'string',
      short: 'w',
      help: 'URL of the warehouse (default: WAREHOUSE_URL, or <home>/warehouse.duckdb)',
    },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print the results as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const project = await loadProject(resolve(io.cwd, args.project), {
      env: io.env,
      vars: Object.fromEntries(args.var.map(readVariable)),
      ...(args.target === undefined ? {} : { target: args.target }),
    });
    for (const warning of project.warnings) io.err(`warning: ${warning}`);
    const url = args.warehouse ?? `duckdb:${join(home, 'warehouse.duckdb')}`;
    await using warehouse = await openWarehouse(url, { cwd: io.cwd });
    const options: RunOptions = {
      project,
      warehouse,
      targetFolder:
        args['target-folder'] === undefined ? join(home, 'dbt-target') : resolve(io.cwd, args['target-folder']),
      onNode: (event) => report(event, io),
      onMessage: (message) => io.err(message),
      ...(args.select === undefined ? {} : { select: args.select }),
      ...(args.exclude === undefined ? {} : { exclude: args.exclude }),
    };
    if (args.what === 'compile') {
      const compiled = await compileProject(options);
      if (args.json) io.out(JSON.stringify(Object.fromEntries(compiled)));
      else io.out(`${compiled.size} nodes compiled into ${options.targetFolder ?? ''}/compiled`);
      return;
    }
    const run = { build: buildProject, run: runModels, test: runTests }[args.what];
    const results = await run(options);
    io.out(args.json ? JSON.stringify(results) : summary(results));
  },
};

/** A value that is JSON is what it reads as; anything else is text. */
function readVariable(text: string): readonly [string, unknown] {
  const at = text.indexOf('=');
  return [text.slice(0, at), fromJson(text.slice(at + 1))];
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text; // most values are plain words
    throw error;
  }
}

function report({ phase, index, total, kind, name, result }: NodeEvent, io: Io): void {
  const place = `${String(index).padStart(String(total).length)}/${total}`;
  if (phase === 'start') {
    if (io.isTerminal) io.draw(`\r\u001b[2K${place} ${kind} ${name}`.slice(0, io.columns + 4));
    return;
  }
  if (result === undefined) return;
  if (io.isTerminal) io.draw('\r\u001b[2K');
  const rows = result.rows === undefined ? '' : `, ${result.rows.toLocaleString('en-US')} rows`;
  const why = result.status === 'success' || result.status === 'pass' ? '' : `: ${result.message.split('\n')[0] ?? ''}`;
  io.err(`${place} ${result.status.padEnd(7)} ${kind} ${name} (${result.seconds.toFixed(2)} s${rows})${why}`);
}

function summary({ results, seconds, targetFolder }: RunResults): string {
  const count = (status: string): number => results.filter((one) => one.status === status).length;
  const parts = [
    [count('success'), 'models built'],
    [count('pass'), 'tests passed'],
    [count('warn'), 'tests warned'],
  ] as const;
  const said = parts.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]));
  return `${said.join(', ') || 'nothing to do'} in ${seconds.toFixed(1)} s; results are in ${targetFolder}`;
}
