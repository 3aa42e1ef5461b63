import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonEnv } from '../python.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const command = fileURLToPath(new URL('../../packages/smallboat/bin/smallboat.js', import.meta.url));
const ARTIFACTS = ['run_results.json', 'manifest.json', 'catalog.json', 'sources.json'] as const;

/** A call of dbt's command line; before it files are written (null: removed) into the project. */
export interface Step {
  readonly args: readonly string[];
  readonly write?: Readonly<Record<string, string | null>>;
}

/** What a step left behind. */
export interface Ran {
  readonly args: readonly string[];
  readonly code: number;
  readonly said: string;
  /** Of `list`. */
  readonly lines: readonly string[];
  /** By the artifact's name. */
  readonly artifacts: Readonly<Partial<Record<(typeof ARTIFACTS)[number], Record<string, unknown>>>>;
}

export type SideName = 'ours' | 'theirs';

export interface Side {
  readonly folder: string;
  readonly steps: readonly Ran[];
}

interface BothOptions {
  readonly steps: readonly Step[];
  /** Environment of one side: where its warehouse is. */
  readonly env: (side: SideName) => Readonly<Record<string, string>>;
  /** Python environment that holds dbt and its adapter; `dbt` has dbt-duckdb. */
  readonly python?: 'dbt' | 'dbt-postgres';
  /** Fills the warehouse of one side before its first call. */
  readonly prepare?: (side: SideName, folder: string) => Promise<void>;
}

/** Runs the same calls of dbt's command line over two copies of a project: by our command, and by dbt-core. */
export async function runBoth(project: string, options: BothOptions): Promise<{ ours: Side; theirs: Side }> {
  const { steps, env, python = 'dbt', prepare } = options;
  const root = mkdtempSync(join(tmpdir(), 'smallboat-dbt-'));
  const place = async (side: SideName): Promise<string> => {
    const folder = join(root, side);
    // Both have the same path up to here, so that what names it differs in one word.
    cpSync(project, join(folder, 'project'), { recursive: true });
    mkdirSync(join(folder, 'artifacts'));
    await prepare?.(side, folder);
    return folder;
  };
  const theirs = dbt(await place('theirs'), { steps, env: env('theirs'), python });
  const ours = smallboat(await place('ours'), steps, env('ours'));
  return { ours: await ours, theirs: await theirs };
}

const flagsOf = (folder: string): string[] => [
  '--project-dir',
  join(folder, 'project'),
  '--profiles-dir',
  join(folder, 'project'),
];

interface DbtCalls {
  readonly steps: readonly Step[];
  readonly env: Readonly<Record<string, string>>;
  readonly python: 'dbt' | 'dbt-postgres';
}

async function dbt(folder: string, { steps, env, python }: DbtCalls): Promise<Side> {
  const order = {
    folder: join(folder, 'artifacts'),
    project: join(folder, 'project'),
    target: join(folder, 'project/target'),
    flags: [...flagsOf(folder), '--log-path', join(folder, 'logs')],
    steps,
  };
  const { out } = await run(
    join(pythonEnv(python), 'python'),
    [join(here, 'run_steps.py'), JSON.stringify(order)],
    folder,
    {
      ...env,
      DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
      DO_NOT_TRACK: '1',
      DBT_PARTIAL_PARSE: 'false',
    },
  );
  const [, text] = out.split('\n=== steps ===\n');
  if (text === undefined) throw new Error(out);
  const said = JSON.parse(text) as { code: number; error: string | null; lines: string[] | null; out: string }[]; // of our own program
  return {
    folder,
    steps: steps.map(({ args }, i) => {
      const { code = -1, error = null, lines = null, out: printed = '' } = said[i] ?? {};
      return {
        args,
        code,
        said: `${printed}\n${error ?? ''}`,
        lines: lines ?? [],
        artifacts: artifactsOf(order.folder, i),
      };
    }),
  };
}

async function smallboat(folder: string, steps: readonly Step[], env: Readonly<Record<string, string>>): Promise<Side> {
  const ran: Ran[] = [];
  for (const [i, { args, write = {} }] of steps.entries()) {
    for (const [path, text] of Object.entries(write)) {
      const full = join(folder, 'project', path);
      mkdirSync(dirname(full), { recursive: true });
      if (text === null) rmSync(full);
      else writeFileSync(full, text);
    }
    const { out, err, code } = await run(process.execPath, [command, 'dbt', ...args, ...flagsOf(folder)], folder, env);
    for (const name of ARTIFACTS) {
      const path = join(folder, 'project/target', name);
      if (existsSync(path)) copyFileSync(path, join(folder, 'artifacts', `${i}-${name}`));
      if (existsSync(path) && (name === 'catalog.json' || name === 'sources.json')) rmSync(path);
    }
    const lines = args[0] === 'list' || args[0] === 'ls' ? out.split('\n').filter((line) => line !== '') : [];
    ran.push({ args, code, said: `${out}\n${err}`, lines, artifacts: artifactsOf(join(folder, 'artifacts'), i) });
  }
  return { folder, steps: ran };
}

function artifactsOf(folder: string, step: number): Ran['artifacts'] {
  return Object.fromEntries(
    ARTIFACTS.flatMap((name) => {
      const path = join(folder, `${step}-${name}`);
      return existsSync(path)
        ? [[name, JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>] as const]
        : [];
    }),
  );
}

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly out: string; readonly err: string; readonly code: number }> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 28 },
      (_error, out, err) => resolve({ out, err, code: child.exitCode ?? -1 }),
    );
  });
}
