import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('.venv', import.meta.url));

/**
 * The folder with `prometheus` and `promtool`, from Debian's or Ubuntu's package: downloaded and unpacked once, not installed,
 * so that nothing is started by itself.
 */
export function prometheusBin(): string {
  const folder = join(root, 'prometheus');
  const bin = join(folder, 'usr/bin');
  if (existsSync(join(bin, 'promtool'))) return bin;
  mkdirSync(root, { recursive: true });
  const part = mkdtempSync(`${folder}-`);
  execFileSync('apt-get', ['download', 'prometheus'], { cwd: part, stdio: 'pipe' });
  const [deb = ''] = readdirSync(part).filter((name) => name.endsWith('.deb'));
  execFileSync('dpkg-deb', ['-x', deb, '.'], { cwd: part, stdio: 'pipe' });
  if (existsSync(folder)) rmSync(part, { recursive: true });
  else renameSync(part, folder);
  return bin;
}
