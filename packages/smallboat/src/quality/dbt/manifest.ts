import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isMissing } from '../../kernel/index.ts';
import { oneLine } from '../suite/suite.ts';
import { dbtErrors } from './errors.ts';

const Config = z.object({
  severity: z.string().default('error'),
  where: z.string().nullish(),
  limit: z.number().nullish(),
  fail_calc: z.string().nullish(),
  warn_if: z.string().nullish(),
  error_if: z.string().nullish(),
  enabled: z.boolean().nullish(),
});
const Depends = z.object({ nodes: z.array(z.string()).default([]) });
const Test = z.object({
  name: z.string(),
  unique_id: z.string(),
  package_name: z.string().optional(),
  description: z.string().nullish(),
  column_name: z.string().nullish(),
  attached_node: z.string().nullish(),
  original_file_path: z.string().default(''),
  compiled_code: z.string().nullish(),
  compiled_sql: z.string().nullish(),
  config: Config.prefault({}),
  depends_on: Depends.prefault({}),
  test_metadata: z
    .object({
      name: z.string(),
      namespace: z.string().nullish(),
      kwargs: z.record(z.string(), z.unknown()).default({}),
    })
    .nullish(),
});
const Relation = z.object({
  name: z.string(),
  unique_id: z.string(),
  package_name: z.string().default(''),
  source_name: z.string().optional(),
  relation_name: z.string().nullish(),
});
const Kind = z.object({ resource_type: z.string() });
const File = z.object({
  nodes: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.unknown()).default({}),
});

/** A test of a dbt project, as its manifest has it. */
export type DbtTest = z.infer<typeof Test>;

/** Something that tests are about: a model, a seed, a snapshot, a source. */
export interface DbtRelation {
  readonly id: string;
  readonly name: string;
  readonly package: string;
  /** Of a source: the name of its group. */
  readonly source?: string;
  /** Its name in SQL. */
  readonly relation: string;
}

/** What a manifest says of tests and of what they are about. */
export interface Manifest {
  readonly path: string;
  readonly tests: readonly DbtTest[];
  readonly relations: ReadonlyMap<string, DbtRelation>;
}

/**
 * Reads `manifest.json` of a dbt project: the file, its folder (`target`), or the project's. Rejects with
 * `DBT_MANIFEST_NOT_FOUND` and `DBT_MANIFEST_UNREADABLE`.
 */
export async function readManifest(given: string): Promise<Manifest> {
  const path = await manifestPath(given);
  let raw: unknown;
  try {
    raw = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    if (isMissing(cause)) throw dbtErrors.DBT_MANIFEST_NOT_FOUND({ path }, { cause });
    throw dbtErrors.DBT_MANIFEST_UNREADABLE({ path, problem: String(cause) }, { cause });
  }
  const file = File.safeParse(raw);
  if (!file.success) throw dbtErrors.DBT_MANIFEST_UNREADABLE({ path, problem: oneLine(file.error) });
  const nodes = Object.values(file.data.nodes);
  const tests = nodes.filter((node) => Kind.safeParse(node).data?.resource_type === 'test');
  const about = [...nodes.filter((node) => !tests.includes(node)), ...Object.values(file.data.sources)];
  return {
    path,
    tests: tests.map((node) => {
      const parsed = Test.safeParse(node);
      if (parsed.success) return parsed.data;
      throw dbtErrors.DBT_MANIFEST_UNREADABLE({ path, problem: `a test: ${oneLine(parsed.error)}` });
    }),
    relations: new Map(
      about.flatMap((node): (readonly [string, DbtRelation])[] => {
        const { data } = Relation.safeParse(node);
        if (!data?.relation_name) return [];
        const { unique_id: id, name, package_name, source_name, relation_name } = data;
        const source = source_name === undefined ? {} : { source: source_name };
        return [[id, { id, name, package: package_name, relation: relation_name, ...source }]];
      }),
    ),
  };
}

async function manifestPath(given: string): Promise<string> {
  if (given.endsWith('.json')) return given;
  const places = [join(given, 'manifest.json'), join(given, 'target', 'manifest.json')];
  for (const place of places) if ((await stat(place).catch(() => undefined))?.isFile() === true) return place;
  return places[1] ?? given;
}

/** What `ref('name')`, `ref('package', 'name')` or `source('group', 'name')` stands for; undefined for anything else. */
export function referredIn(text: string, { relations }: Manifest): DbtRelation | undefined {
  const call = /\b(ref|source)\(\s*(["'])([^"']+)\2\s*(?:,\s*(["'])([^"']+)\4\s*)?/.exec(text);
  if (call === null) return undefined;
  const [, kind, , first = '', , second] = call;
  const name = second ?? first;
  const group = second === undefined ? undefined : first;
  return [...relations.values()].find((one) =>
    kind === 'source'
      ? one.source === group && one.name === name
      : one.source === undefined && one.name === name && (group === undefined || one.package === group),
  );
}
