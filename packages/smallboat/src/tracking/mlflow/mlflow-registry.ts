import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { destinationErrors } from '../destination.ts';
import { checkFiles, copyModel } from '../model-files.ts';
import type { AliasNote, ModelRegistry, ModelVersion, NewModelVersion } from '../registry.ts';
import { registryErrors } from '../registry.ts';
import { VersionFile, checkName, isName, recordOf } from '../version-record.ts';
import type { MlflowClient, MlflowOptions } from './client.ts';
import { mlflowClient } from './client.ts';
import { experimentIdOf } from './experiment.ts';
import type { UploadedModel } from './model-store.ts';
import { fetchModel, uploadModel } from './model-store.ts';
import { readHistoryRuns, writeHistoryRun } from './history-runs.ts';

export interface MlflowRegistryOptions extends MlflowOptions {
  /** Where the files of versions are kept that were asked for. */
  readonly cacheFolder: string;
  /** What the names of models begin with on the server, for several registries on one. Default nothing. */
  readonly prefix?: string;
  /** Experiment that holds the models' files and the history of their aliases. Default `smallboat-models`. */
  readonly experiment?: string;
  /** Milliseconds since 1970; default the machine's clock. */
  readonly clock?: () => number;
}

const Tags = z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]);
const Version = z.object({
  version: z.coerce.number(),
  source: z.string().default(''),
  tags: Tags,
});
type Version = z.infer<typeof Version>;
const Aliases = z.array(z.object({ alias: z.string(), version: z.coerce.number() })).default([]);

/** MLflow's tags are short: the record of a version takes several. */
const RECORD = 'smallboat.record.';
const RECORD_LENGTH = 4000;

/**
 * MLflow's model registry. Models are MLflow's, with versions, aliases and tags as its pages show them; what only we
 * keep (hashes, metrics, lineage, the gate's verdict) is in tags `smallboat.record.…`, and each change of an alias is a run of its
 * own, for MLflow has no history. Versions that others registered are left out. Throws `MLFLOW_URI_INVALID`.
 */
export function mlflowRegistry(options: MlflowRegistryOptions): ModelRegistry {
  const { prefix = '', experiment = 'smallboat-models', clock = Date.now } = options;
  const cache = resolve(options.cacheFolder);
  const client = mlflowClient(options);
  const { location } = client;
  const remote = (name: string): string => `${prefix}${name}`;
  const experimentId = (): Promise<string> => experimentIdOf(client, experiment);

  const aliasesOf = async (name: string): Promise<z.infer<typeof Aliases>> => {
    const answer = await found(client.get('registered-models/get', { name: remote(name) }));
    const { registered_model } = z
      .object({ registered_model: z.object({ aliases: Aliases }) })
      .parse(answer ?? { registered_model: {} });
    return registered_model.aliases;
  };

  const view = (name: string, version: Version, aliases: z.infer<typeof Aliases>): readonly ModelVersion[] => {
    const record = recordIn(version);
    if (record === undefined) return [];
    const tags = version.tags
      .filter(({ key }) => !key.startsWith(RECORD))
      .map(({ key, value }) => [key, value] as const);
    const pointing = aliases.filter((a) => a.version === version.version).map((a) => a.alias);
    const number = version.version;
    const folder = join(cache, name, String(number));
    return [{ name, version: number, folder, ...record, tags: Object.fromEntries(tags), aliases: pointing.sort() }];
  };

  const find = async (
    name: string,
    wanted: number | string,
  ): Promise<{ readonly of: Version; readonly seen: ModelVersion }> => {
    checkName('a model', name);
    const [all, aliases] = await Promise.all([versionsOf(client, remote(name)), aliasesOf(name)]);
    const number = /^\d+$/.test(String(wanted)) ? Number(wanted) : aliases.find((a) => a.alias === wanted)?.version;
    const of = all.find((version) => version.version === number);
    const [seen] = of === undefined ? [] : view(name, of, aliases);
    if (of === undefined || seen === undefined) {
      const known = [...all.map((v) => v.version), ...aliases.map((a) => a.alias)].join(', ') || 'none';
      throw registryErrors.MODEL_VERSION_NOT_FOUND({ name, version: String(wanted), known, location });
    }
    return { of, seen };
  };

  const noted = async (name: string, alias: string, version: number | null, note: string | AliasNote = {}) => {
    const said = typeof note === 'string' ? { reason: note } : note;
    const change = { alias, version, at: clock(), ...said };
    await writeHistoryRun(client, await experimentId(), remote(name), change);
  };

  return {
    location,

    async register(model) {
      checkName('a model', model.name);
      const aside = join(cache, model.name, `${randomUUID()}.part`);
      try {
        const files = await copyModel(model.modelFolder, aside);
        const record = recordOf(model, files, clock());
        const uploaded = await uploadModel(client, await experimentId(), { model, folder: aside, files });
        const made = await createVersion(client, remote(model.name), uploaded, { model, record });
        const folder = join(cache, model.name, String(made.version));
        // The server has just made this version: what lies there is another server's.
        await rm(folder, { recursive: true, force: true });
        await rename(aside, folder);
        const [seen] = view(model.name, made, []);
        if (seen === undefined)
          throw registryErrors.MODEL_RECORD_UNREADABLE({ path: location, problem: 'it came back otherwise' });
        return seen;
      } catch (error) {
        await rm(aside, { recursive: true, force: true });
        throw error;
      }
    },

    async models() {
      const item = z.object({ name: z.string(), tags: Tags });
      const models = await pages(client, { path: 'registered-models/search', field: 'registered_models', item });
      return models
        .filter(({ name, tags }) => name.startsWith(prefix) && tags.some(({ key }) => key === 'smallboat'))
        .map(({ name }) => name.slice(prefix.length))
        .filter(isName)
        .sort();
    },

    async versions(name) {
      checkName('a model', name);
      const [all, aliases] = await Promise.all([versionsOf(client, remote(name)), aliasesOf(name)]);
      return all.flatMap((version) => view(name, version, aliases));
    },

    async version(name, wanted) {
      const { of, seen } = await find(name, wanted);
      await fetchModel(client, modelIdOf(of), seen);
      await checkFiles(seen);
      return seen;
    },

    async alias(name, version, alias, note) {
      checkName('an alias', alias);
      await find(name, version);
      await client.post('registered-models/alias', { name: remote(name), alias, version: String(version) });
      await noted(name, alias, version, note);
    },

    async unalias(name, alias, note) {
      checkName('a model', name);
      checkName('an alias', alias);
      if (!(await aliasesOf(name)).some((a) => a.alias === alias)) return;
      await client.delete('registered-models/alias', { name: remote(name), alias });
      await noted(name, alias, null, note);
    },

    async setTags(name, version, tags) {
      await find(name, version);
      for (const [key, value] of Object.entries(tags)) {
        await client.post('model-versions/set-tag', { name: remote(name), version: String(version), key, value });
      }
    },

    async aliasHistory(name) {
      checkName('a model', name);
      return readHistoryRuns(client, await experimentId(), remote(name));
    },
  };
}

function recordIn({ tags }: Version): z.infer<typeof VersionFile> | undefined {
  const parts = tags.filter(({ key }) => key.startsWith(RECORD)).sort((a, b) => (a.key < b.key ? -1 : 1));
  if (parts.length === 0) return undefined;
  try {
    return VersionFile.parse(JSON.parse(parts.map(({ value }) => value).join('')));
  } catch {
    return undefined; // Not one of ours.
  }
}

/** MLflow's answers name the logged model in the source alone. */
function modelIdOf({ source }: Version): string | undefined {
  return /^models:\/+(m-[\w-]+)$/.exec(source)?.[1];
}

async function createVersion(
  client: MlflowClient,
  name: string,
  { modelId, runId }: UploadedModel,
  { model, record }: { readonly model: NewModelVersion; readonly record: object },
): Promise<Version> {
  try {
    await client.post('registered-models/create', { name, tags: [{ key: 'smallboat', value: 'true' }] });
  } catch (error) {
    // It is there already, or another process has just made it: then the next call works.
    if (!destinationErrors.DESTINATION_REFUSED.is(error)) throw error;
  }
  const text = JSON.stringify(record);
  const tags = Object.entries(model.tags ?? {}).map(([key, value]) => ({ key, value }));
  for (let i = 0; i * RECORD_LENGTH < text.length; i += 1) {
    const key = `${RECORD}${String(i).padStart(4, '0')}`;
    tags.push({ key, value: text.slice(i * RECORD_LENGTH, (i + 1) * RECORD_LENGTH) });
  }
  const made = { name, source: `models:/${modelId}`, model_id: modelId, tags, description: model.reason ?? '' };
  const body = runId === undefined ? made : { ...made, run_id: runId };
  return z.object({ model_version: Version }).parse(await client.post('model-versions/create', body)).model_version;
}

async function versionsOf(client: MlflowClient, name: string): Promise<readonly Version[]> {
  const all = await pages(client, {
    path: 'model-versions/search',
    field: 'model_versions',
    item: Version,
    query: { filter: `name='${name}'` },
  });
  return all.toSorted((a, b) => a.version - b.version);
}

/** All pages of a search. */
async function pages<S extends z.ZodType>(
  client: MlflowClient,
  of: {
    readonly path: string;
    readonly field: string;
    readonly item: S;
    readonly query?: Readonly<Record<string, string>>;
  },
): Promise<readonly z.infer<S>[]> {
  const { path, field, item, query = {} } = of;
  const all: z.infer<S>[] = [];
  for (let page_token = ''; ;) {
    const answer = await client.get(path, {
      ...query,
      max_results: '1000',
      ...(page_token === '' ? {} : { page_token }),
    });
    const { [field]: items, next_page_token } = z
      .looseObject({ [field]: z.array(item).default([]), next_page_token: z.string().default('') })
      .parse(answer) as Record<string, unknown> & { readonly next_page_token: string };
    all.push(...(items as z.infer<S>[]));
    if (next_page_token === '') return all;
    page_token = next_page_token;
  }
}

/** Undefined for what the server does not know. */
async function found(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (destinationErrors.DESTINATION_REFUSED.is(error) && error.facts.status === 404) return undefined;
    throw error;
  }
}
