import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from './archive.ts';
import { bundle } from './bundle.ts';
import { filesBelow } from './included-files.ts';
import { OWN } from './own-package.ts';

export interface ProgramOptions {
  /** Modules of this package that are started or imported from outside: name, absolute path. Each is `run/<name>.js` of the program. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that are there where it runs, beside the optional ones of this package. */
  readonly external?: readonly string[];
}

/**
 * A program of this package to run elsewhere, on Node alone: modules with all that they import, and the files that they name by URL. The same
 * sources give the same bytes. Rejects with `BUNDLE_FAILED`.
 */
export async function packProgram({ entries, external = [] }: ProgramOptions): Promise<Files> {
  // What is optional is brought by those who use it: SDKs of warehouses have no place in an endpoint.
  const text = await readFile(join(OWN.folder, 'package.json'), 'utf8');
  const { peerDependencies = {} } = JSON.parse(text) as {
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
  // Seen from outside, this package is one of npm's, whose modules may read what lies beside them.
  const root = dirname(OWN.folder);
  const made = await bundle({ entries, external: [...external, ...Object.keys(peerDependencies)], root });
  const files = new Map([...made.files].filter(([path]) => !path.endsWith('.map')));
  for (const path of (await Promise.all(made.assets.map((asset) => filesBelow(asset)))).flat()) {
    const place = made.places.of(path);
    if (!files.has(place) && !/\.(?:test|d)\.ts$/.test(path)) files.set(place, await readFile(path));
  }
  files.set('package.json', Buffer.from('{"type":"module","private":true}\n'));
  return files;
}
