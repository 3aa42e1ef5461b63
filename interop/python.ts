import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { madeOnce } from './made-once.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '.venv');

/**
 * The folder `bin` of a Python environment with what `requirements/<name>.txt` asks for. Made on first use and kept
 * until the requirements change. Programs in it name the folder in which they were
 * made: start them by `python -m`, so that a checkout may be moved.
 */
export function pythonEnv(name: string): string {
  const requirements = join(here, 'requirements', `${name}.txt`);
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(root, `${name}-${wanted}`);
  madeOnce(folder, () => {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    execFileSync(join(folder, 'bin/python'), pip, { stdio: 'pipe' });
  });
  return join(folder, 'bin');
}

export interface PythonRun {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a Python program in the environment `name` and gives its standard output. Rejects with its standard error. */
export async function python(name: string, args: readonly string[], { cwd, env }: PythonRun = {}): Promise<string> {
  const bin = pythonEnv(name);
  const { stdout } = await promisify(execFile)(join(bin, 'python'), [...args], {
    cwd,
    env: { ...process.env, ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    maxBuffer: 1 << 28,
  });
  return stdout;
}
