import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { stringify } from 'yaml';
import { projectErrors } from '../project/errors.ts';
import { recordOf } from '../project/plain.ts';
import { readYaml } from '../project/yaml-file.ts';
import type { FetchOptions, Pinned } from './fetch-package.ts';
import { Fetcher } from './fetch-package.ts';
import type { PackageSpec } from './package-specs.ts';
import { readPackagesFile, readSpecs } from './package-specs.ts';

export interface InstallOptions extends FetchOptions {
  /** The name of the project, which no package may have. */
  readonly project: string;
  /** `packages-install-path`. */
  readonly packagesPath: string;
  /** Look for newer versions than those of package-lock.yml. */
  readonly upgrade: boolean;
  /** Write package-lock.yml, install nothing. */
  readonly lockOnly: boolean;
  readonly onInstall: (line: string) => void;
}

export interface Installed {
  readonly name: string;
  readonly title: string;
}

const LOCK = 'package-lock.yml';

/** What one package is known by, whatever asks for it. */
function identity(spec: PackageSpec): string {
  if ('package' in spec) return spec.package;
  if ('git' in spec) return `${spec.git.replace(/\.git$/, '')}/${spec.subdirectory ?? ''}`;
  return 'local' in spec ? spec.local : spec.tarball;
}

/**
 * Installs the packages of a project, as package-lock.yml pins them; writes that file where it is not about packages.yml any more.
 *
 * @throws `PACKAGE_NOT_FOUND`, `PACKAGE_VERSION`, `PACKAGE_CONFLICT`, `DOWNLOAD_FAILED`, `GIT_FAILED`.
 */
export async function installPackages(options: InstallOptions): Promise<readonly Installed[]> {
  const { home, names, packagesPath } = options;
  const wanted = await readPackagesFile(home, names);
  const lock = join(home, LOCK);
  await using fetcher = new Fetcher(options);
  const locked = existsSync(lock) ? await readSpecs(lock, LOCK, names) : undefined;
  if (locked?.lockedHash !== wanted.hash || options.upgrade) {
    if (wanted.specs.length > 0) await writeLock(lock, await resolveAll(fetcher, wanted.specs, options), wanted.hash);
  }
  if (options.lockOnly || wanted.specs.length === 0) return [];
  const { specs } = await readSpecs(lock, LOCK, names);
  const folder = resolve(home, packagesPath);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const done: Installed[] = [];
  for (const spec of specs) {
    const pinned = await fetcher.pin([spec]);
    const path = resolve(folder, pinned.name);
    if (relative(folder, path).startsWith('..') || path === folder)
      throw projectErrors.PACKAGE_CONFLICT({ name: pinned.name, asked: ['a name that is no folder'] });
    await pinned.install(path);
    options.onInstall(`installed ${identity(spec)} (${pinned.title})`);
    done.push({ name: pinned.name, title: pinned.title });
  }
  return done;
}

/** All packages that are needed, those of packages too, each pinned once. */
async function resolveAll(
  fetcher: Fetcher,
  specs: readonly PackageSpec[],
  { project }: InstallOptions,
): Promise<Pinned[]> {
  const asked = new Map<string, PackageSpec[]>();
  const pinned = new Map<string, Pinned>();
  let pending: readonly PackageSpec[] = specs;
  while (pending.length > 0) {
    const touched = new Set<string>();
    for (const spec of pending) {
      const key = identity(spec);
      const known = asked.get(key) ?? [];
      known.push(spec);
      asked.set(key, known);
      touched.add(key);
    }
    const next: PackageSpec[] = [];
    for (const key of touched) {
      const one = await fetcher.pin(asked.get(key) ?? []);
      pinned.set(key, one);
      next.push(...one.needs.filter((need) => !isKnown(asked, need)));
    }
    pending = next;
  }
  const names = new Set([project]);
  for (const { name } of pinned.values()) {
    if (names.has(name))
      throw projectErrors.PACKAGE_CONFLICT({ name, asked: [name === project ? 'the project itself' : 'two packages'] });
    names.add(name);
  }
  return [...pinned.values()];
}

/** The same need a second time says nothing new: without this, packages that need each other would never end. */
function isKnown(asked: ReadonlyMap<string, readonly PackageSpec[]>, need: PackageSpec): boolean {
  return (asked.get(identity(need)) ?? []).some((one) => JSON.stringify(one) === JSON.stringify(need));
}

async function writeLock(path: string, pinned: readonly Pinned[], hash: string): Promise<void> {
  const packages = pinned.map(({ name, entry }) =>
    Object.fromEntries(Object.entries({ ...entry, name }).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
  await writeFile(path, stringify({ packages, sha1_hash: hash }));
}

/** Adds a package to packages.yml, in place of an entry that names the same: dbt's `deps --add-package`. */
export async function addPackage(home: string, given: string, source: string): Promise<string> {
  const [name = '', ...versions] = given.split('@');
  const path = join(
    home,
    existsSync(join(home, 'dependencies.yml')) && !existsSync(join(home, 'packages.yml'))
      ? 'dependencies.yml'
      : 'packages.yml',
  );
  const data = existsSync(path) ? recordOf((await readYaml(path, 'packages.yml')).data) : {};
  const packages = Array.isArray(data['packages']) ? (data['packages'] as readonly unknown[]) : [];
  const version = versions.join('@');
  const place = source === 'hub' ? 'package' : source;
  const entry: Record<string, unknown> = { [place]: name };
  if (version !== '')
    entry[source === 'git' ? 'revision' : 'version'] = version.includes(',') ? version.split(',') : version;
  const short = name.split('/').at(-1)?.replaceAll('-', '_') ?? name;
  const kept = packages.filter((one) => {
    const own = recordOf(one);
    const known = own['package'] ?? own['git'] ?? own['local'] ?? own['tarball'];
    return typeof known !== 'string' || !known.replaceAll('-', '_').split(/[/.]/).includes(short);
  });
  await writeFile(path, stringify({ ...data, packages: [...kept, entry] }));
  return path;
}
