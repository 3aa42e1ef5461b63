import { glob, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { defineErrors } from '../../../kernel/index.ts';
import { isForbiddenFile, isForbiddenFolder } from './forbidden.ts';

export const includeErrors = defineErrors({
  INCLUDE_EMPTY: (f: { pattern: string; root: string }) =>
    `The flow's code.include names '${f.pattern}', and there is no such file in ${f.root}. Patterns begin at that folder, as in 'sql/**/*.sql'.`,
  INCLUDE_FORBIDDEN: (f: { file: string; pattern: string }) =>
    `The flow's code.include names ${f.file} ('${f.pattern}'), which by its name holds secrets or is no code. Code packages are kept for as long as runs are: hand secrets on by 'secrets' of a step.`,
});

/**
 * The files that patterns name, as absolute paths. A pattern with wildcards passes over what may not be packed; one that names it outright is
 * an error. Rejects with `INCLUDE_EMPTY`, `INCLUDE_FORBIDDEN`.
 */
export async function filesOf(patterns: readonly string[], root: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const matches: string[] = [];
    for await (const path of glob(pattern, { cwd: root, exclude: (name) => isForbiddenFolder(name) })) {
      const path_ = join(root, path);
      const inside = relative(root, path_);
      if (inside.startsWith('..')) continue;
      matches.push(
        ...(await filesBelow(path_, isForbiddenFile(path) && !/[*?{[]/.test(pattern) ? pattern : undefined)),
      );
    }
    if (matches.length === 0) throw includeErrors.INCLUDE_EMPTY({ pattern, root });
    for (const path of matches) found.add(path);
  }
  return [...found].sort();
}

/** A file, or all files below a folder, that may be packed. `named`: the pattern that asked for it by name. */
export async function filesBelow(path: string, named?: string): Promise<readonly string[]> {
  if (named !== undefined) throw includeErrors.INCLUDE_FORBIDDEN({ file: path, pattern: named });
  if ((await stat(path)).isFile()) return isForbiddenFile(path) ? [] : [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !isForbiddenFile(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !relative(path, file).split(sep).slice(0, -1).some(isForbiddenFolder));
}
