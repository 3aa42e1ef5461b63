import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';

/** The npm package that a file belongs to. */
export interface Owner {
  /** Absolute path of the folder with its `package.json`. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
}

/** Where files of this machine lie in a code package. */
export interface Places {
  /**
   * `app/steps/train.ts` for a file of the flow's own package, `npm/zod@4.6.7/v4/index.js` for one of another. The same on every machine, with
   * `/` between folders.
   */
  of(file: string): string;
  /** The package of a file; undefined where no folder above has a `package.json` with a name. */
  ownerOf(file: string): Owner | undefined;
}

/** Places for a flow whose own package is the folder `root`. */
export function places(root: string): Places {
  const owners = new Map<string, Owner | undefined>();
  /** Folders that have a name in the package, so that two copies of one version get two. */
  const named = new Map<string, string>();

  const ownerOfFolder = (folder: string): Owner | undefined => {
    if (owners.has(folder)) return owners.get(folder);
    const parent = dirname(folder);
    const isTop = parent === folder || basename(folder) === 'node_modules';
    const owner = readOwner(folder) ?? (isTop ? undefined : ownerOfFolder(parent));
    owners.set(folder, owner);
    return owner;
  };

  const nameOf = ({ folder, name, version }: Owner): string => {
    const known = [...named].find(([, at]) => at === folder);
    if (known) return known[0];
    let label = `npm/${name}@${version}`;
    for (let copy = 2; named.has(label); copy += 1) label = `npm/${name}@${version}+${copy}`;
    named.set(label, folder);
    return label;
  };

  const ownerOf = (file: string): Owner | undefined => ownerOfFolder(dirname(file));
  return {
    ownerOf,
    of(file) {
      const inside = inFolder(root, file);
      const owner = ownerOf(file);
      if (
        inside !== undefined &&
        !inside.startsWith('node_modules/') &&
        (!owner || owner.folder.length <= root.length)
      ) {
        return `app/${inside}`;
      }
      if (owner) return `${nameOf(owner)}/${inFolder(owner.folder, file) ?? basename(file)}`;
      const up = relative(root, file).split(sep);
      const levels = up.filter((part) => part === '..').length;
      return `up${levels}/${up.slice(levels).join('/')}`;
    },
  };
}

/** The folder whose files are a flow's own: the nearest above the file that has a `package.json`, else the file's folder. */
export function appRoot(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return dirname(file);
  }
}

/** A file's path inside a folder, with `/`; undefined where it is not in it. */
function inFolder(folder: string, file: string): string | undefined {
  const path = relative(folder, file);
  return path === '' || path.startsWith('..') || path.includes(':') ? undefined : path.split(sep).join('/');
}

function readOwner(folder: string): Owner | undefined {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { readonly name?: unknown; readonly version?: unknown };
  // A package.json without a name only says how the files of a folder are to be read.
  if (typeof manifest.name !== 'string') return undefined;
  return { folder, name: manifest.name, version: typeof manifest.version === 'string' ? manifest.version : '0.0.0' };
}
