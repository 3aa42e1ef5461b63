import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AdapterDescription } from '../adapter/adapter.ts';
import type { Macro } from './registry.ts';
import { macrosOf } from './registry.ts';

/** Where the macros of an adapter are; spelled out, so that a build finds them. */
const HOMES: Readonly<Record<string, string>> = {
  dbt: fileURLToPath(new URL('./dbt', import.meta.url)),
  duckdb: fileURLToPath(new URL('./duckdb', import.meta.url)),
  postgres: fileURLToPath(new URL('./postgres', import.meta.url)),
  redshift: fileURLToPath(new URL('./redshift', import.meta.url)),
  snowflake: fileURLToPath(new URL('./snowflake', import.meta.url)),
};
const texts = new Map<string, readonly { readonly file: string; readonly text: string }[]>();

function filesIn(folder: string): readonly { readonly file: string; readonly text: string }[] {
  let files = texts.get(folder);
  if (!files) {
    const home = HOMES[folder];
    if (home === undefined) throw new Error(`there are no macros '${folder}'`);
    files = readdirSync(home)
      .filter((name) => name.endsWith('.sql'))
      .sort()
      .map((name) => ({ file: `macros/${name}`, text: readFileSync(`${home}/${name}`, 'utf8') }));
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
