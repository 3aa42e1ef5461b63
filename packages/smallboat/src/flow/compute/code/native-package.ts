import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What tells of machine code in a `package.json`. */
interface Manifest {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Tells whether a package holds machine code, or depends on one that does: it differs from machine to machine and cannot be part of a bundle.
 * The answer is remembered by folder.
 */
export function nativePackages(): (folder: string) => boolean {
  const known = new Map<string, boolean>();
  const isNative = (folder: string): boolean => {
    const before = known.get(folder);
    if (before !== undefined) return before;
    // Packages may depend on each other: while one is looked at it counts as plain.
    known.set(folder, false);
    const manifest = readManifest(folder);
    const needs = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    const answer =
      hasMachineCode(folder, manifest) ||
      needs.some((name) => {
        const path = findPackage(name, folder);
        return path !== undefined && isNative(path);
      });
    known.set(folder, answer);
    return answer;
  };
  return isNative;
}

function hasMachineCode(folder: string, { os, cpu, gypfile, binary }: Manifest): boolean {
  if (os !== undefined || cpu !== undefined || gypfile === true || binary !== undefined) return true;
  return readdirSync(folder).some((name) => name === 'binding.gyp' || name === 'prebuilds' || name.endsWith('.node'));
}

/** The folder of a package as Node finds it from another, in the nearest `node_modules` above; where it really lies. */
export function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return realpathSync(path);
    if (dirname(folder) === folder) return undefined;
  }
}

function readManifest(folder: string): Manifest {
  const path = join(folder, 'package.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : {}; // Of the shape that npm takes.
}
