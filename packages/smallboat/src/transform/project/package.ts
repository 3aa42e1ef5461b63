import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../jinja/value.ts';
import type { DbtProjectFile } from './dbt-project-file.ts';
import { readProjectFile } from './dbt-project-file.ts';
import { projectErrors } from './errors.ts';
import { readPackagesFile } from '../packages/package-specs.ts';
import type { PackageFiles } from './package-files.ts';
import { readPackageFiles } from './package-files.ts';

/** A dbt project as a part of another, or the one that is run. */
export interface DbtPackage {
  readonly name: string;
  readonly folder: string;
  readonly project: DbtProjectFile;
  readonly files: PackageFiles;
}

/**
 * The packages that `dbt deps` installed under a project, in the order of their folders' names.
 *
 * @throws `PACKAGE_DUPLICATE`, `PACKAGES_NOT_INSTALLED`.
 */
export async function readInstalled(
  folder: string,
  root: DbtProjectFile,
  names: Readonly<Record<string, Value>>,
): Promise<DbtPackage[]> {
  const home = join(folder, root.packagesPath);
  const found: DbtPackage[] = [];
  const folders = existsSync(home)
    ? readdirSync(home)
        .sort()
        .filter((name) => existsSync(join(home, name, 'dbt_project.yml')))
    : [];
  const { file, specs } = await readPackagesFile(folder, names);
  if (file !== undefined && specs.length > folders.length) {
    throw projectErrors.PACKAGES_NOT_INSTALLED({
      file,
      named: specs.length,
      installed: folders.length,
      folder: root.packagesPath,
    });
  }
  for (const name of folders) {
    const inside = join(home, name);
    const project = await readProjectFile(inside, names, `${root.packagesPath}/${name}/dbt_project.yml`);
    const other = [{ name: root.name, folder }, ...found].find((one) => one.name === project.name);
    if (other) {
      throw projectErrors.PACKAGE_DUPLICATE({ name: project.name, folders: [other.folder, inside] });
    }
    found.push({ name: project.name, folder: inside, project, files: readPackageFiles(inside, project) });
  }
  return found;
}
