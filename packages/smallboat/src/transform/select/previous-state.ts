import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { projectErrors } from '../project/errors.ts';

type Node = Readonly<Record<string, unknown>>;

/** What another run left behind: its manifest and results, as `--state` names them. */
export interface PreviousState {
  readonly folder: string;
  readonly nodes: ReadonlyMap<string, Node> | undefined;
  readonly macros: ReadonlyMap<string, string> | undefined;
  readonly results: readonly { readonly uniqueId: string; readonly status: string }[] | undefined;
  /** When each source was loaded last, from sources.json there and in the target folder. */
  readonly sources: ReadonlyMap<string, string> | undefined;
  readonly currentSources: ReadonlyMap<string, string> | undefined;
}

const Nodes = z.record(z.string(), z.record(z.string(), z.unknown())).default({});
const ManifestFile = z.looseObject({
  nodes: Nodes,
  sources: Nodes,
  exposures: Nodes,
  metrics: Nodes,
  semantic_models: Nodes,
  saved_queries: Nodes,
  unit_tests: Nodes,
  functions: Nodes,
  macros: z.record(z.string(), z.looseObject({ macro_sql: z.string() })).default({}),
});
const ResultsFile = z.looseObject({
  results: z.array(z.looseObject({ unique_id: z.string(), status: z.string() })),
});
const SourcesFile = z.looseObject({
  results: z.array(z.looseObject({ unique_id: z.string(), max_loaded_at: z.string().optional() })),
});

async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const fail = (problem: string, cause: unknown): never => {
    throw projectErrors.STATE_UNREADABLE({ file: path, problem }, { cause });
  };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return fail('it is no JSON', error);
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) return fail(parsed.error.issues[0]?.message ?? 'it has another shape', parsed.error);
  return parsed.data;
}

/** Reads the state in a folder; what is not there is undefined. @throws `STATE_UNREADABLE`. */
export async function readPreviousState(folder: string, targetFolder: string): Promise<PreviousState> {
  const manifest = await readJson(join(folder, 'manifest.json'), ManifestFile);
  const results = await readJson(join(folder, 'run_results.json'), ResultsFile);
  const sources = await readJson(join(folder, 'sources.json'), SourcesFile);
  const current = await readJson(join(targetFolder, 'sources.json'), SourcesFile);
  const times = (file: typeof sources): ReadonlyMap<string, string> | undefined =>
    file &&
    new Map(
      file.results.flatMap((one) =>
        one.max_loaded_at === undefined ? [] : [[one.unique_id, one.max_loaded_at] as const],
      ),
    );
  return {
    folder,
    nodes:
      manifest &&
      new Map(
        [
          manifest.nodes,
          manifest.sources,
          manifest.exposures,
          manifest.metrics,
          manifest.semantic_models,
          manifest.saved_queries,
          manifest.unit_tests,
          manifest.functions,
        ].flatMap((part) => Object.entries(part)),
      ),
    macros: manifest && new Map(Object.entries(manifest.macros).map(([id, { macro_sql: sql }]) => [id, sql])),
    results: results?.results.map((one) => ({ uniqueId: one.unique_id, status: one.status })),
    sources: times(sources),
    currentSources: times(current),
  };
}
