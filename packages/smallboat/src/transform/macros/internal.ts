import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AdapterDescription } from '../adapter/adapter.ts';
import type { Macro } from './registry.ts';
import { macrosOf } from './registry.ts';

const home = fileURLToPath(new URL('.', import.meta.url));
const texts = new Map<string, readonly { readonly file: string; readonly text: string }[]>();

function filesIn(folder: string): readonly { readonly file: string; readonly text: string }[] {
  let files = texts.get(folder);
  if (!files) {
    files = readdirSync(`${home}${folder}`)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => ({ file: `macros/${name}`, text: readFileSync(`${home}${folder}/${name}`, 'utf8') }));
    texts.set(folder, files);
  }
  return files;
}

/** The macros that come with the program: those of the adapter, and the general ones under the name `dbt`. */
export function internalMacros(adapter: AdapterDescription, createdAt: number): Macro[] {
  return adapter.macroPackages.flatMap(({ folder, name }) =>
    filesIn(folder).flatMap(({ file, text }) => macrosOf({ packageName: name, file, text }, createdAt)),
  );
}
