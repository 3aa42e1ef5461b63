import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePythonJson } from '../../packages/smallboat/src/quality/suite/python-json.ts';

/** A test of an expectation as Great Expectations defines it: arguments in, parts of the result out. */
export interface Definition {
  readonly title: string;
  readonly exact_match_out: boolean;
  readonly in?: unknown;
  readonly input?: unknown;
  readonly out?: Readonly<Record<string, unknown>> | null;
  readonly output?: Readonly<Record<string, unknown>> | null;
  readonly error?: { readonly traceback_substring: string };
  readonly only_for?: readonly string[] | string;
  readonly suppress_test_for?: readonly string[] | string;
  readonly tolerance?: number;
}

type Columns = Readonly<Record<string, readonly unknown[]>>;
type Schemas = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Dataset {
  readonly data:
    | Columns
    | readonly { readonly dataset_name?: string; readonly data: Columns; readonly schemas?: Schemas }[];
  readonly schemas?: Schemas;
  readonly only_for?: readonly string[] | string;
  readonly suppress_test_for?: readonly string[] | string;
  readonly tests: readonly Definition[];
}

export interface DefinitionFile {
  readonly category: string;
  readonly file: string;
  readonly expectation_type: string;
  readonly datasets: readonly Dataset[];
}

/**
 * The test definitions of Great Expectations 0.18.22, the last version that has them, from its source distribution: taken
 * with pip once, and kept beside the Python environments.
 */
export function gxDefinitions(): readonly DefinitionFile[] {
  const folder = join(import.meta.dirname, '../.venv/gx-definitions-0.18.22');
  const root = join(folder, 'great_expectations-0.18.22/tests/test_definitions');
  if (!existsSync(join(folder, 'ready'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // Its build asks for a part of setuptools that later versions lack.
    writeFileSync(join(folder, 'constraint.txt'), 'setuptools<70\n');
    const env = { ...process.env, PIP_CONSTRAINT: join(folder, 'constraint.txt') };
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--no-binary',
      ':all:',
    ];
    execFileSync('python3', [...pip, '--dest', folder, 'great_expectations==0.18.22'], { env, stdio: 'pipe' });
    const archive = readdirSync(folder).find((name) => name.endsWith('.tar.gz')) ?? '';
    execFileSync('tar', ['-xzf', archive, '--wildcards', '*/tests/test_definitions/*/*.json'], { cwd: folder });
    rmSync(join(folder, archive));
    writeFileSync(join(folder, 'ready'), '');
  }
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: category }) =>
      readdirSync(join(root, category))
        .filter((file) => file.endsWith('.json'))
        .map((file) => {
          const read = parsePythonJson(readFileSync(join(root, category, file), 'utf8')) as Omit<
            DefinitionFile,
            'category' | 'file'
          >;
          return { ...read, category, file };
        }),
    );
}
