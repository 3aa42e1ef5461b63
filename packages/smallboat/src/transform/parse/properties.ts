import { renderYaml } from '../project/render-yaml.ts';
import type { Value } from '../jinja/value.ts';
import { projectErrors } from '../project/errors.ts';
import type { DbtPackage } from '../project/package.ts';
import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';
import type { YamlFile } from '../project/yaml-file.ts';
import { asRead, parseYaml } from '../project/yaml-file.ts';
import type { Parsing } from './parsing.ts';
import { parseContext } from './parsing.ts';

/** Sections of a properties file. */
export const SECTIONS = [
  'models',
  'seeds',
  'snapshots',
  'analyses',
  'sources',
  'macros',
  'exposures',
  'metrics',
  'semantic_models',
  'saved_queries',
  'groups',
  'unit_tests',
  'data_tests',
  'functions',
] as const;
export type Section = (typeof SECTIONS)[number];

/** One entry of a section, its templates rendered but for those that are rendered later. */
export interface Entry {
  readonly section: Section;
  readonly name: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** As it is written. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly pkg: DbtPackage;
  /** `models/schema.yml`. */
  readonly file: string;
  /** The same relative to the folder of its kind. */
  readonly path: string;
  /** The line of what is at a path inside of the entry. */
  lineOf(path: readonly PropertyKey[]): number;
}

const OTHER_KEYS = ['version', 'anchors', 'tests'];
const LATE = new Set([
  'tests',
  'data_tests',
  'description',
  'loaded_at_query',
  'pre_hook',
  'post_hook',
  'pre-hook',
  'post-hook',
]);
const LATE_IN: Readonly<Partial<Record<Section, ReadonlySet<string>>>> = {
  metrics: new Set([...LATE, 'filter']),
  saved_queries: new Set([...LATE, 'where']),
  semantic_models: new Set([...LATE, 'filter']),
};

/** All entries of the properties files of a package. @throws `PROJECT_UNREADABLE`. */
export async function readProperties(parsing: Parsing, pkg: DbtPackage): Promise<Entry[]> {
  const entries: Entry[] = [];
  const { context } = parseContext(parsing, {
    unique_id: pkg.name,
    name: pkg.name,
    package_name: pkg.name,
    original_file_path: 'properties',
  });
  for (const { file, path, text } of pkg.files.properties) {
    const yaml = parseYaml(asRead(text), file, { keepsFloats: true });
    if (yaml.data === null || yaml.data === undefined) continue;
    if (!isRecord(yaml.data)) {
      throw projectErrors.PROJECT_UNREADABLE({ file, line: 1, problem: 'the file is no mapping' });
    }
    for (const [section, list] of Object.entries(yaml.data)) {
      if (!isSection(section)) {
        if (!OTHER_KEYS.includes(section) && !section.startsWith('.')) {
          parsing.warn(`${file}:${yaml.lineOf([section])}: unknown key '${section}' is left out`);
        }
        continue;
      }
      for (const [i, raw] of listOf(list).entries()) {
        const found = await entryOf({ yaml, section, i, raw, pkg, path }, (name) => context.global(name));
        if (found) entries.push(found);
      }
    }
  }
  return entries;
}

function isSection(name: string): name is Section {
  return (SECTIONS as readonly string[]).includes(name);
}

interface RawEntry {
  readonly yaml: YamlFile;
  readonly section: Section;
  readonly i: number;
  readonly raw: unknown;
  readonly pkg: DbtPackage;
  readonly path: string;
}

async function entryOf(
  { yaml, section, i, raw, pkg, path }: RawEntry,
  names: (name: string) => Value | undefined,
): Promise<Entry | undefined> {
  const lineOf = (inside: readonly PropertyKey[]): number => yaml.lineOf([section, i, ...inside]);
  const fail = (problem: string): never => {
    throw projectErrors.PROJECT_UNREADABLE({ file: yaml.file, line: lineOf([]), problem });
  };
  if (raw === null) return undefined;
  if (!isRecord(raw)) return fail(`an entry of '${section}' must be a mapping with a name`);
  const late = LATE_IN[section] ?? LATE;
  const isOverride = section === 'sources' && raw['overrides'] !== undefined;
  const data = recordOf(await renderYaml(raw, { file: yaml.file, names, isLate: (key) => late.has(key) }));
  const name = textOf(data['name']);
  if (name === undefined && !isOverride) return fail(`an entry of '${section}' has no name`);
  return { section, name: name ?? '', data, raw, pkg, file: yaml.file, path, lineOf };
}
