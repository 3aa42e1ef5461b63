import { randomUUID } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { namesIn, writeWhole } from '../kernel/index.ts';
import { addToHistory, readHistory } from './alias-history.ts';
import { aliasVerbs, lastChanges, numberOf, pointing } from './aliases.ts';
import type { AliasChange, ModelRegistry, ModelVersion } from './registry.ts';
import { registryErrors } from './registry.ts';
import { checkFiles, copyModel } from './model-files.ts';
import { TagFile, VersionFile, checkName, isName, recordOf, versionNumbers } from './version-record.ts';

export interface LocalRegistryOptions {
  /** Made when the first model is registered. */
  readonly folder: string;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
}

/** The aliases of Smallboat 0.1 have a file each beside their history; they count where the history says nothing. */
const AliasFile = z.object({
  alias: z.string(),
  version: z.number().int().positive(),
  at: z.number(),
  reason: z.string().exactOptional(),
});

/**
 * Keeps models in a folder: `<folder>/<name>/<version>/model/…` with `version.json` beside it, and
 * `<folder>/<name>/aliases.jsonl`, from which the aliases follow. A version appears whole, by a rename, under a number that was free.
 */
export function localRegistry(options: LocalRegistryOptions): ModelRegistry {
  const root = resolve(options.folder);
  const location = `local:${root}`;
  const clock = options.clock ?? Date.now;

  const numbersOf = async (name: string): Promise<readonly number[]> => {
    checkName('a model', name);
    return versionNumbers(await namesIn(join(root, name)));
  };

  const historyPath = (name: string): string => join(root, name, 'aliases.jsonl');

  const aliasesOf = async (name: string): Promise<readonly AliasChange[]> => {
    const history = await readHistory(historyPath(name), name);
    const files = (await namesIn(join(root, name, 'aliases'))).filter((file) => file.endsWith('.json'));
    const old = await Promise.all(files.map((file) => readRecord(AliasFile, join(root, name, 'aliases', file))));
    return lastChanges([...old, ...history]);
  };

  const read = async (name: string, version: number, aliases: readonly AliasChange[]): Promise<ModelVersion> => {
    const folder = join(root, name, String(version));
    const record = await readRecord(VersionFile, join(folder, 'version.json'));
    const later = (await namesIn(folder)).includes('tags.json')
      ? await readRecord(TagFile, join(folder, 'tags.json'))
      : {};
    const tags = { ...record.tags, ...later };
    return { name, version, folder: join(folder, 'model'), ...record, tags, aliases: pointing(aliases, version) };
  };

  const find = async (name: string, wanted: number | string): Promise<ModelVersion> => {
    const numbers = await numbersOf(name);
    const aliases = await aliasesOf(name);
    const number = numberOf(wanted, aliases);
    if (number === undefined || !numbers.includes(number)) {
      const known = [...numbers, ...pointing(aliases)].join(', ') || 'none';
      throw registryErrors.MODEL_VERSION_NOT_FOUND({ name, version: String(wanted), known, location });
    }
    return read(name, number, aliases);
  };

  return {
    location,

    async register(model) {
      const { name, modelFolder } = model;
      checkName('a model', name);
      const aside = join(root, name, `${randomUUID()}.part`);
      try {
        const files = await copyModel(modelFolder, join(aside, 'model'));
        await writeWhole(join(aside, 'version.json'), `${JSON.stringify(recordOf(model, files, clock()), null, 2)}\n`);
        const version = await placeAs(aside, join(root, name), ((await numbersOf(name)).at(-1) ?? 0) + 1);
        return await read(name, version, []);
      } catch (error) {
        await rm(aside, { recursive: true, force: true });
        throw error;
      }
    },

    async models() {
      const names = (await namesIn(root)).filter((name) => isName(name));
      const counts = await Promise.all(names.map(numbersOf));
      return names.filter((_, i) => (counts[i]?.length ?? 0) > 0);
    },

    async versions(name) {
      const aliases = await aliasesOf(name);
      return Promise.all((await numbersOf(name)).map((version) => read(name, version, aliases)));
    },

    async version(name, version) {
      const found = await find(name, version);
      await checkFiles(found);
      return found;
    },

    ...aliasVerbs({
      find,
      aliasesOf,
      add: (name, change) => addToHistory(historyPath(name), name, change),
      clock,
    }),

    async setTags(name, version, tags) {
      const found = await find(name, version);
      const path = join(root, name, String(version), 'tags.json');
      await writeWhole(path, `${JSON.stringify({ ...found.tags, ...tags })}\n`);
    },

    async aliasHistory(name) {
      checkName('a model', name);
      return readHistory(historyPath(name), name);
    },
  };
}

/** Renames a folder to the first free number from `first` on. A folder that is not empty is never replaced by a rename. */
async function placeAs(folder: string, parent: string, first: number): Promise<number> {
  for (let version = first; ; version++) {
    try {
      await rename(folder, join(parent, String(version)));
      return version;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
}

async function readRecord<S extends z.ZodType>(schema: S, path: string): Promise<z.infer<S>> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw registryErrors.MODEL_RECORD_UNREADABLE({ path, problem: String(cause) }, { cause });
  });
  return parseRecord(schema, path, text);
}

function parseRecord<S extends z.ZodType>(schema: S, path: string, text: string): z.infer<S> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw registryErrors.MODEL_RECORD_UNREADABLE({ path, problem }, { cause });
  }
}
