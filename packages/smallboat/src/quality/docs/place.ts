import { join } from 'node:path';
import { sha256 } from '../../kernel/index.ts';

/** Where a validation's files are, under the folder of the data docs. */
export interface DocsPlace {
  readonly resultPath: string;
  readonly pagePath: string;
}

/** Letters of a name that a file's name keeps: the longest names of data and runs must not be too long for a file system. */
const LONGEST = 100;

/** The files of one validation: `results/<run>/<data>.json` and `validations/<run>/<data>.html`. */
export function placeOf(folder: string, runName: string, name: string): DocsPlace {
  const run = fileName(runName);
  return {
    resultPath: join(folder, 'results', run, `${fileName(name)}.json`),
    pagePath: join(folder, 'validations', run, `${fileName(name)}.html`),
  };
}

/** A name fit for a file: no separators, no dots in front; another name gives another file. */
export function fileName(name: string): string {
  const plain = name
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^\.+/, '')
    .slice(0, LONGEST);
  return plain === name && plain !== '' ? plain : `${plain || 'data'}-${sha256(name).slice(0, 8)}`;
}

/** A link to a page of the docs, from another: parts of a path that are file names. */
export function linkTo(from: 'index' | 'data' | 'suites' | 'validations', parts: readonly string[]): string {
  const up = from === 'index' ? '' : from === 'validations' ? '../../' : '../';
  return `${up}${parts.map(encodeURIComponent).join('/')}`;
}
