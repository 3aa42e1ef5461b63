import { join } from 'node:path';
import { fileName } from '../file-name.ts';

/** Where a validation's files are, under the folder of the data docs. */
export interface DocsPlace {
  readonly resultPath: string;
  readonly pagePath: string;
}

/** The files of one validation: `results/<run>/<data>.json` and `validations/<run>/<data>.html`. */
export function placeOf(folder: string, runName: string, name: string): DocsPlace {
  const run = fileName(runName);
  return {
    resultPath: join(folder, 'results', run, `${fileName(name)}.json`),
    pagePath: join(folder, 'validations', run, `${fileName(name)}.html`),
  };
}

/** A link to a page of the docs, from another: parts of a path that are file names. */
export function linkTo(from: 'index' | 'data' | 'suites' | 'validations', parts: readonly string[]): string {
  const up = from === 'index' ? '' : from === 'validations' ? '../../' : '../';
  return `${up}${parts.map(encodeURIComponent).join('/')}`;
}
