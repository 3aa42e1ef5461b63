import { rm } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { projectErrors } from '../project/errors.ts';
import type { DbtProjectFile } from '../project/dbt-project-file.ts';

/**
 * Removes what runs leave behind: `clean-targets`, by default the target folder.
 *
 * @throws `CLEAN_REFUSED` for a folder that is outside of the project or holds its sources.
 */
export async function clean(folder: string, project: DbtProjectFile): Promise<string[]> {
  const root = resolve(folder);
  const targets = project.cleanTargets ?? [project.targetPath ?? 'target'];
  const sources = [
    ...project.modelPaths,
    ...project.macroPaths,
    ...project.testPaths,
    ...project.seedPaths,
    ...project.snapshotPaths,
    ...project.analysisPaths,
  ].map((path) => resolve(root, path));
  const removed: string[] = [];
  for (const target of targets) {
    const path = resolve(root, target);
    const inside = relative(root, path);
    if (inside === '' || inside.startsWith('..'))
      throw projectErrors.CLEAN_REFUSED({ target, problem: 'it is not inside of the project' });
    if (sources.some((source) => source === path || source.startsWith(`${path}/`))) {
      throw projectErrors.CLEAN_REFUSED({ target, problem: 'it holds the files of the project' });
    }
    await rm(path, { recursive: true, force: true });
    removed.push(target);
  }
  return removed;
}
