import { messageOf } from '../../kernel/index.ts';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Value } from '../jinja/value.ts';
import { projectErrors } from '../project/errors.ts';
import { readProjectFile } from '../project/dbt-project-file.ts';
import { checkout } from './git.ts';
import { download, hubPackage } from './hub.ts';
import type { Download, HubPackage } from './hub.ts';
import type { GitSpec, HubSpec, PackageSpec } from './package-specs.ts';
import { readPackagesFile } from './package-specs.ts';
import { untar } from './untar.ts';
import type { VersionBound } from './versions.ts';
import { boundOf, fitsDbt, newestWithin } from './versions.ts';

/** A package that is pinned: what package-lock.yml says of it, and what it needs itself. */
export interface Pinned {
  readonly name: string;
  /** The entry of package-lock.yml, without the name. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly needs: readonly PackageSpec[];
  /** For people: `version 1.3.0`. */
  readonly title: string;
  /** Puts the package there. */
  install(path: string): Promise<void>;
}

export interface FetchOptions extends Download {
  /** The project's folder, from which local ones are named. */
  readonly home: string;
  readonly names: Readonly<Record<string, Value>>;
  readonly warn: (message: string) => void;
}

/** What is fetched while packages are looked at, and removed in the end. */
export class Fetcher implements AsyncDisposable {
  private readonly options: FetchOptions;
  private readonly folders = new Map<string, Promise<string>>();
  private readonly hub = new Map<string, Promise<HubPackage>>();

  constructor(options: FetchOptions) {
    this.options = options;
  }

  /** Pins what is asked of one package: all that name it, together. */
  async pin(specs: readonly PackageSpec[]): Promise<Pinned> {
    const [spec] = specs;
    if (!spec) throw new Error('no package is named');
    if ('local' in spec) return this.local(spec.local);
    if ('git' in spec) return this.git(specs.filter((one) => 'git' in one));
    if ('tarball' in spec) return this.tarball(spec.tarball, spec.name);
    return this.ofHub(specs.filter((one) => 'package' in one));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const folder of this.folders.values())
      await folder.then((path) => rm(path, { recursive: true, force: true })).catch(() => undefined);
  }

  private async local(path: string): Promise<Pinned> {
    const { home } = this.options;
    const folder = resolve(home, path);
    return {
      ...(await this.described(folder)),
      entry: { local: path },
      title: `<local @ ${path}>`,
      install: async (to) => {
        // Where links are not allowed the folder is copied.
        await symlink(folder, to, 'dir').catch(() => cp(folder, to, { recursive: true }));
      },
    };
  }

  private async git(specs: readonly GitSpec[]): Promise<Pinned> {
    const [spec] = specs;
    if (!spec) throw new Error('no package is named');
    const revisions = [...new Set(specs.flatMap(({ revision }) => (revision == null ? [] : [String(revision)])))];
    if (revisions.length > 1) {
      throw projectErrors.PACKAGE_CONFLICT({ name: spec.git, asked: revisions });
    }
    const [revision] = revisions;
    const key = `git ${spec.git} ${revision ?? ''}`;
    let commit = '';
    const folder = await this.once(key, async (to) => {
      commit = await checkout(spec.git, revision, to, this.options.signal);
    });
    if ((revision === undefined || ['HEAD', 'main', 'master'].includes(revision)) && spec['warn-unpinned'] !== false) {
      this.options.warn(
        `The git package "${spec.git}" is ${revision === undefined ? 'not pinned' : `pinned to '${revision}'`}: a later install may get other code. Name a tag or a commit as its revision.`,
      );
    }
    const { subdirectory } = spec;
    const home = subdirectory == null ? folder : join(folder, subdirectory);
    return {
      ...(await this.described(home)),
      entry: {
        git: spec.git,
        revision: commit === '' ? revision : commit,
        ...(subdirectory == null ? {} : { subdirectory }),
      },
      title: `revision ${revision ?? 'HEAD (default revision)'}`,
      install: (to) => cp(home, to, { recursive: true, filter: (path) => !/[\\/]\.git$/.test(path) }),
    };
  }

  private async tarball(url: string, name: string): Promise<Pinned> {
    const folder = await this.once(`tarball ${url}`, (to) => this.unpack(url, to));
    const { needs } = await this.described(folder);
    return {
      name,
      needs,
      entry: { tarball: url },
      title: `tarball (url: ${url})`,
      install: (to) => move(folder, to),
    };
  }

  private async ofHub(specs: readonly HubSpec[]): Promise<Pinned> {
    const name = specs[0]?.package ?? '';
    const asked = specs.flatMap(({ version }) => (Array.isArray(version) ? version : [version])).map(String);
    const bounds = asked.flatMap((text) =>
      text.split(',').map((part): VersionBound => {
        const bound = boundOf(part);
        if (!bound) throw projectErrors.PACKAGE_VERSION({ name, asked: [part], known: [] });
        return bound;
      }),
    );
    const known = await this.known(name);
    if (known.redirectname != null || known.redirectnamespace != null) {
      const [space = '', old = ''] = name.split('/');
      this.options.warn(
        `The package ${name} has moved to ${known.redirectnamespace ?? space}/${known.redirectname ?? old}: change packages.yml.`,
      );
    }
    // Versions that ask for another dbt than the one whose behaviour we have are passed over, as dbt does.
    const versions = Object.entries(known.versions).flatMap(([text, { require_dbt_version: needed }]) =>
      fitsDbt(needed == null ? [] : Array.isArray(needed) ? needed : [needed]) ? [text] : [],
    );
    const allows = specs.some(({ install_prerelease: is }) => is === true);
    const version = newestWithin(versions, bounds, allows);
    const found = version === undefined ? undefined : known.versions[version];
    if (version === undefined || !found) throw projectErrors.PACKAGE_VERSION({ name, asked, known: versions });
    return {
      name: found.name,
      entry: { package: name, version },
      needs: (found.packages ?? []) as readonly PackageSpec[], // the hub holds what packages.yml held
      title: `version ${version}`,
      install: async (to) => this.unpack(found.downloads.tarball, to),
    };
  }

  private known(name: string): Promise<HubPackage> {
    const asked = this.hub.get(name) ?? hubPackage(name, this.options);
    this.hub.set(name, asked);
    return asked;
  }

  private async unpack(url: string, to: string): Promise<void> {
    const bytes = await download(url, this.options);
    await mkdir(to, { recursive: true });
    try {
      await untar(bytes, to);
    } catch (cause) {
      const problem = messageOf(cause);
      throw projectErrors.DOWNLOAD_FAILED({ url, problem }, { cause });
    }
  }

  private async described(folder: string): Promise<{ readonly name: string; readonly needs: readonly PackageSpec[] }> {
    const { names } = this.options;
    const { name } = await readProjectFile(folder, names, join(folder, 'dbt_project.yml'));
    const { specs } = await readPackagesFile(folder, names, `${folder}/`);
    return { name, needs: specs };
  }

  /** A folder that is filled once, whoever asks. */
  private once(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
    const known = this.folders.get(key);
    if (known) return known;
    const made = mkdtemp(join(tmpdir(), 'smallboat-package-')).then(async (folder) => {
      await fill(folder);
      return folder;
    });
    this.folders.set(key, made);
    return made;
  }
}

/** Moves a folder; over file systems by copying. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await mkdir(to, { recursive: true });
    for (const name of await readdir(from)) await cp(join(from, name), join(to, name), { recursive: true });
  }
}
