import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of this package, whether it is its sources or what npm installs; and its version. */
export const OWN: { readonly folder: string; readonly version: string } = find(realpathSync(import.meta.dirname));

function find(folder: string): typeof OWN {
  const path = join(folder, 'package.json');
  const { name, version } = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string })
    : {};
  if (name === 'smallboat' && version !== undefined) return { folder, version };
  if (dirname(folder) === folder) throw new Error('The folder of smallboat has no package.json.');
  return find(dirname(folder));
}
