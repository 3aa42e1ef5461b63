import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { isMissing, mapAtMost, messageOf } from '../kernel/index.ts';
import { changesIn, lineAfter, wholeLines } from './alias-history.ts';
import { aliasVerbs, lastChanges, numberOf, pointing } from './aliases.ts';
import { checkFiles, copyModel } from './model-files.ts';
import type { AliasChange, ModelRegistry, ModelVersion } from './registry.ts';
import { registryErrors } from './registry.ts';
import type { S3Objects } from './s3-objects.ts';
import { TagFile, VersionFile, checkName, isName, recordOf, versionNumbers } from './version-record.ts';

export interface S3RegistryOptions {
  /** The folder of the bucket. */
  readonly objects: S3Objects;
  /** Where the files of versions are kept that were asked for. */
  readonly cacheFolder: string;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
}

/** Requests on their way at once. */
const WIDTH = 16;

/**
 * Keeps models in a bucket: `<name>/<version>/version.json` with tags beside it, `<name>/files/<sha256>` for what is in them, and
 * `<name>/aliases.jsonl`, from which the aliases follow. A number belongs to whoever writes its record first, and the history is replaced only in
 * the state that was read: S3's conditional writes take the place of locks.
 */
export function s3Registry({ objects, cacheFolder, clock = Date.now }: S3RegistryOptions): ModelRegistry {
  const { place: location } = objects;
  const cache = resolve(cacheFolder);
  const historyPath = (name: string): string => `${name}/aliases.jsonl`;
  const recordPath = (name: string, version: number): string => `${name}/${version}/version.json`;

  const numbersOf = async (name: string): Promise<readonly number[]> => {
    checkName('a model', name);
    return versionNumbers(await objects.folders(name));
  };

  const historyOf = async (name: string): Promise<readonly AliasChange[]> => {
    checkName('a model', name);
    const path = historyPath(name);
    return changesIn(wholeLines(textOf((await objects.get(path))?.bytes)), { path: `${location}/${path}`, name });
  };

  const aliasesOf = async (name: string): Promise<readonly AliasChange[]> => lastChanges(await historyOf(name));

  const add = async (name: string, change: AliasChange): Promise<void> => {
    const path = historyPath(name);
    for (;;) {
      const before = await objects.get(path);
      const text = textOf(before?.bytes);
      const { line } = lineAfter(wholeLines(text), change, { path: `${location}/${path}`, name });
      // Somebody else has added to it: read it anew.
      if (await objects.put(path, text + line, before ?? null)) return;
    }
  };

  const read = async (
    name: string,
    version: number,
    aliases: readonly AliasChange[],
  ): Promise<ModelVersion | undefined> => {
    const [made, tagged] = await Promise.all([
      objects.get(recordPath(name, version)),
      objects.get(`${name}/${version}/tags.json`),
    ]);
    if (made === undefined) return undefined;
    const record = parsed(VersionFile, `${location}/${recordPath(name, version)}`, made.bytes);
    const later = tagged === undefined ? {} : parsed(TagFile, `${location}/${name}/${version}/tags.json`, tagged.bytes);
    const folder = join(cache, name, String(version));
    const tags = { ...record.tags, ...later };
    return { name, version, folder, ...record, tags, aliases: pointing(aliases, version) };
  };

  const find = async (name: string, wanted: number | string): Promise<ModelVersion> => {
    checkName('a model', name);
    const aliases = await aliasesOf(name);
    const number = numberOf(wanted, aliases);
    const found = number === undefined ? undefined : await read(name, number, aliases);
    if (found !== undefined) return found;
    const known = [...(await numbersOf(name)), ...pointing(aliases)].join(', ') || 'none';
    throw registryErrors.MODEL_VERSION_NOT_FOUND({ name, version: String(wanted), known, location });
  };

  /** Brings the files of a version here, if they are not; the folder appears whole. */
  const fetch = async ({ name, version, folder, files }: ModelVersion): Promise<void> => {
    if (await isThere(folder)) return;
    const part = join(cache, name, `${randomUUID()}.part`);
    try {
      await mapAtMost(files, WIDTH, async ({ path, sha256 }) => {
        const object = await objects.get(`${name}/files/${sha256}`);
        if (object === undefined) {
          throw registryErrors.MODEL_VERSION_CORRUPT({
            name,
            version,
            file: path,
            problem: `is missing in ${location}`,
          });
        }
        await mkdir(dirname(join(part, path)), { recursive: true });
        await writeFile(join(part, path), object.bytes);
      });
      await rename(part, folder).catch(async (error: unknown) => {
        // Another process has brought them meanwhile.
        if (!(await isThere(folder))) throw error;
      });
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  };

  return {
    location,

    async register(model) {
      const { name, modelFolder } = model;
      checkName('a model', name);
      const part = join(cache, name, `${randomUUID()}.part`);
      try {
        const files = await copyModel(modelFolder, part);
        await mapAtMost(files, WIDTH, async ({ path, sha256 }) =>
          objects.put(`${name}/files/${sha256}`, await readFile(join(part, path))),
        );
        const record = `${JSON.stringify(recordOf(model, files, clock()), null, 2)}\n`;
        for (let version = ((await numbersOf(name)).at(-1) ?? 0) + 1; ; version += 1) {
          if (!(await objects.put(recordPath(name, version), record, null))) continue;
          const folder = join(cache, name, String(version));
          // This version has just been made: what lies there is another bucket's.
          await rm(folder, { recursive: true, force: true });
          await rename(part, folder);
          return await find(name, version);
        }
      } finally {
        await rm(part, { recursive: true, force: true });
      }
    },

    async models() {
      const names = (await objects.folders('')).filter(isName).sort();
      const counts = await mapAtMost(names, WIDTH, numbersOf);
      return names.filter((_, i) => (counts[i]?.length ?? 0) > 0);
    },

    async versions(name) {
      const [numbers, aliases] = await Promise.all([numbersOf(name), aliasesOf(name)]);
      const found = await mapAtMost(numbers, WIDTH, (version) => read(name, version, aliases));
      return found.filter((version) => version !== undefined);
    },

    async version(name, wanted) {
      const found = await find(name, wanted);
      await fetch(found);
      await checkFiles(found);
      return found;
    },

    ...aliasVerbs({ find, aliasesOf, add, clock }),

    async setTags(name, version, tags) {
      const path = `${name}/${version}/tags.json`;
      const { tags: known } = await find(name, version);
      for (;;) {
        const before = await objects.get(path);
        const later = before === undefined ? {} : parsed(TagFile, `${location}/${path}`, before.bytes);
        const text = `${JSON.stringify({ ...known, ...later, ...tags })}\n`;
        if (await objects.put(path, text, before ?? null)) return;
      }
    },

    aliasHistory: historyOf,
  };
}

async function isThere(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('utf8');
}

function parsed<S extends z.ZodType>(schema: S, path: string, bytes: Uint8Array): z.infer<S> {
  try {
    return schema.parse(JSON.parse(textOf(bytes)));
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw registryErrors.MODEL_RECORD_UNREADABLE({ path, problem }, { cause });
  }
}
