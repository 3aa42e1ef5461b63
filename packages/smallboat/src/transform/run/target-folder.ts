import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SqlNode } from '../manifest/node.ts';

/**
 * Where a node's SQL is written under `compiled` and `run`: `<package>/<file>`, for nodes of a properties file
 * `<package>/<file>/<name>`. Written synchronously and plainly: hundreds of small files for people to look at.
 */
export function sqlPath(node: SqlNode): string {
  const file = node.original_file_path.replace(/^\.\//, '');
  const isOwn = file.endsWith(node.path.split('/').at(-1) ?? '') || node.resource_type === 'snapshot';
  return join(node.package_name, isOwn && !/\.ya?ml$/.test(file) ? file : join(file, node.path));
}

export function writeSql(folder: string, node: SqlNode, text: string): string {
  const path = join(folder, sqlPath(node));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
