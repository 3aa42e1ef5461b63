import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { madeOnce } from './made-once.ts';

/**
 * Packages that only a comparison needs, each `name@version`, made on first use beside the Python environments: what they weigh is no part of
 * `npm ci`. Their install scripts are not run.
 *
 * @returns what requires them
 */
export function nodePackages(...packages: readonly string[]): NodeJS.Require {
  const folder = join(import.meta.dirname, '.venv', `node-${packages.join('+').replaceAll(/[^\w.+-]/g, '-')}`);
  madeOnce(folder, () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
    execFileSync('npm', ['install', ...quiet, ...packages], { cwd: folder, stdio: 'pipe' });
  });
  return createRequire(join(folder, 'package.json'));
}
