import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '.venv');
const sleep = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/**
 * The folder `bin` of a Python environment with what `requirements/<name>.txt` asks for. Made on first use and kept
 * until the requirements change; a second process that asks meanwhile waits for the first. Programs in it name the folder in which they were
 * made: start them by `python -m`, so that a checkout may be moved.
 */
export function pythonEnv(name: string): string {
  const requirements = join(here, 'requirements', `${name}.txt`);
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(root, `${name}-${wanted}`);
  const ready = join(folder, 'ready');
  const lock = `${folder}.lock`;
  mkdirSync(root, { recursive: true });
  while (!existsSync(ready)) {
    try {
      mkdirSync(lock);
    } catch {
      const owner = statSync(lock, { throwIfNoEntry: false });
      // A build that died leaves its lock: a quarter of an hour is longer than any build takes.
      if (owner && Date.now() - owner.mtimeMs > 900_000) rmSync(lock, { recursive: true, force: true });
      sleep(500);
      continue;
    }
    try {
      if (existsSync(ready)) break;
      rmSync(folder, { recursive: true, force: true });
      execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
      execFileSync(join(folder, 'bin/python'), pip, { stdio: 'pipe' });
      writeFileSync(ready, '');
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
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
