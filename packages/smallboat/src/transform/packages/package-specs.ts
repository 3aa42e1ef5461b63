import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Value } from '../jinja/value.ts';
import { projectErrors } from '../project/errors.ts';
import { isRecord, recordOf } from '../project/plain.ts';
import { renderYaml } from '../project/render-yaml.ts';
import { readYaml, shaped } from '../project/yaml-file.ts';

const Version = z.union([z.string(), z.number()]);

const Spec = z.union([
  z.strictObject({
    package: z.string().regex(/^[^/]+\/[^/]+$/, 'a package of the hub is written namespace/name'),
    version: z.union([Version, z.array(Version)]),
    install_prerelease: z.boolean().nullish(),
    name: z.string().nullish(),
  }),
  z.strictObject({
    git: z.string().min(1),
    revision: Version.nullish(),
    'warn-unpinned': z.boolean().nullish(),
    subdirectory: z.string().nullish(),
    name: z.string().nullish(),
  }),
  z.strictObject({ local: z.string().min(1), name: z.string().nullish() }),
  z.strictObject({ tarball: z.string().min(1), name: z.string() }),
]);

/** An entry of packages.yml. */
export type PackageSpec = z.infer<typeof Spec>;
export type GitSpec = Extract<PackageSpec, { readonly git: string }>;
export type HubSpec = Extract<PackageSpec, { readonly package: string }>;

const File = z.looseObject({ packages: z.array(z.unknown()).nullish() });

/** The packages that a project names, and the hash by which dbt knows whether its lock file is still about them. */
export interface PackagesFile {
  /** `packages.yml`, `dependencies.yml`; undefined if there is neither. */
  readonly file: string | undefined;
  readonly specs: readonly PackageSpec[];
  readonly hash: string;
}

type Names = Readonly<Record<string, Value>>;

/** Reads packages.yml, or the packages of dependencies.yml. @throws `PROJECT_UNREADABLE`. */
export async function readPackagesFile(folder: string, names: Names, shownIn = ''): Promise<PackagesFile> {
  for (const file of ['packages.yml', 'dependencies.yml']) {
    if (!existsSync(join(folder, file))) continue;
    return { file, ...(await readSpecs(join(folder, file), `${shownIn}${file}`, names)) };
  }
  return { file: undefined, specs: [], hash: hashOf([]) };
}

/** The entries of a file in the form of packages.yml. */
export async function readSpecs(
  path: string,
  file: string,
  names: Names,
): Promise<{ readonly specs: readonly PackageSpec[]; readonly hash: string; readonly lockedHash?: string }> {
  const yaml = await readYaml(path, file);
  const data = yaml.data === null || yaml.data === undefined ? {} : yaml.data;
  const raw = shaped({ ...yaml, data }, File).packages ?? [];
  const rendered = await renderYaml(raw, { file, names });
  const specs = (Array.isArray(rendered) ? rendered : []).map((one: unknown, i) => {
    const parsed = Spec.safeParse(one);
    if (parsed.success) return parsed.data;
    const isPrivate = isRecord(one) && 'private' in one;
    throw projectErrors.PROJECT_UNREADABLE({
      file,
      line: yaml.lineOf(['packages', i]),
      problem: isPrivate
        ? "a 'private' package needs dbt's own service: name its 'git' address"
        : 'an entry is a package with its version, a git address, a local folder, or a tarball with its name',
    });
  });
  const own = recordOf(data)['sha1_hash'];
  return { specs, hash: hashOf(specs, raw), ...(typeof own === 'string' ? { lockedHash: own } : {}) };
}

/** dbt's hash over the entries of packages.yml. */
function hashOf(specs: readonly PackageSpec[], raw: readonly unknown[] = []): string {
  const texts = specs.map((spec, i) => pythonJson(filled(spec, raw[i]))).sort();
  return createHash('sha1').update(texts.join('\n')).digest('hex');
}

function filled(spec: PackageSpec, unrendered: unknown): Record<string, unknown> {
  const name = spec.name === null || spec.name === undefined ? {} : { name: spec.name };
  if ('package' in spec) {
    return {
      package: spec.package,
      version: spec.version,
      install_prerelease: spec.install_prerelease ?? false,
      unrendered,
      ...name,
    };
  }
  if ('git' in spec) {
    return {
      git: spec.git,
      revision: spec.revision ?? null,
      'warn-unpinned': spec['warn-unpinned'] ?? null,
      subdirectory: spec.subdirectory ?? null,
      unrendered,
      ...name,
    };
  }
  return 'local' in spec ? { local: spec.local, unrendered, ...name } : { tarball: spec.tarball, unrendered, ...name };
}

/** JSON as Python's `json.dumps(…, sort_keys=True)` writes it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (isRecord(value)) {
    const entries = Object.keys(value).toSorted();
    return `{${entries.map((key) => `${pythonJson(key)}: ${pythonJson(value[key])}`).join(', ')}}`;
  }
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
