import { defineErrors } from '../../kernel/index.ts';

const nearest = (names: readonly string[]): string =>
  names.length === 0 ? '' : ` Did you mean ${names.map((name) => `'${name}'`).join(' or ')}?`;

export const projectErrors = defineErrors({
  PROJECT_NOT_FOUND: (f: { folder: string }) =>
    `There is no dbt_project.yml in ${f.folder}. Name the folder of a dbt project.`,
  PROJECT_UNREADABLE: (f: { file: string; line: number; problem: string }) =>
    `${f.file}:${f.line}: ${f.problem}. Correct the file; dbt's reference of its properties says what it may hold.`,
  PROFILE_NOT_FOUND: (f: { profile: string; folders: readonly string[] }) =>
    f.profile === ''
      ? `dbt_project.yml names no profile. Add the line 'profile: <name>', or give --profile.`
      : `There is no profiles.yml with profile '${f.profile}'; looked in ${f.folders.join(', ')}. Write one, or name its folder with --profiles-dir.`,
  PROFILE_ABSENT: (f: { file: string; profile: string; nearest: readonly string[]; known: readonly string[] }) =>
    `${f.file} has no profile '${f.profile}'; it has ${f.known.join(', ') || 'none'}.${nearest(f.nearest)} Add it, or name another with --profile.`,
  PROFILE_INVALID: (f: { file: string; profile: string; target: string; problem: string }) =>
    `${f.file}: profile '${f.profile}', target '${f.target}': ${f.problem}. Correct the output.`,
  PROFILE_TARGET_UNKNOWN: (f: { file: string; profile: string; target: string; known: readonly string[] }) =>
    `${f.file} has no target '${f.target}' in profile '${f.profile}'; it has ${f.known.join(', ') || 'none'}. Name one of them, or add it.`,
  NODE_DUPLICATE: (f: { kind: string; name: string; files: readonly string[] }) =>
    `Two of kind ${f.kind} are named '${f.name}': ${f.files.join(' and ')}. Rename one: a node is known by its name.`,
  SEED_INVALID: (f: { file: string; line: number; problem: string }) =>
    `${f.file}:${f.line}: ${f.problem}. Correct the CSV file.`,
  ADAPTER_UNKNOWN: (f: { file: string; type: string; nearest: readonly string[]; known: readonly string[] }) =>
    `${f.file}: the target's type is '${f.type}', and Smallboat has adapters for ${f.known.join(', ')}.${nearest(f.nearest)} Correct it, or run this project with dbt.`,
  ADAPTER_FEATURE: (f: { from: string; feature: string; instead: string }) =>
    `${f.from} uses ${f.feature}, which Smallboat does not have; ${f.instead}, or run this project with dbt.`,
  PYTHON_MODEL: (f: { file: string; name: string }) =>
    `${f.file}: '${f.name}' is written in Python, which Smallboat does not run. Disable it ({ enabled: false }) and read the table that dbt makes of it as a source, rewrite it in SQL, or do its work in a step of a flow.`,
  PATCH_DUPLICATE: (f: { section: string; name: string; files: readonly string[] }) =>
    `'${f.name}' is described twice under '${f.section}': ${f.files.join(' and ')}. Put both into one entry.`,
  MACRO_DUPLICATE: (f: { name: string; package: string; files: readonly string[] }) =>
    `Package '${f.package}' has two macros named '${f.name}': ${f.files.join(' and ')}. Rename or remove one.`,
  PACKAGE_DUPLICATE: (f: { name: string; folders: readonly string[] }) =>
    `Two packages are named '${f.name}': ${f.folders.join(' and ')}. Remove one, or rename the project.`,
  PACKAGES_NOT_INSTALLED: (f: { file: string; named: number; installed: number; folder: string }) =>
    `${f.file} names ${f.named} package(s), and ${f.installed} are in ${f.folder}. Install them with 'smallboat dbt deps'.`,
  DBT_VERSION_UNSUPPORTED: (f: { project: string; needed: readonly string[]; own: string }) =>
    `The project '${f.project}' asks for dbt ${f.needed.join(', ')}, and Smallboat behaves as dbt ${f.own}. Change 'require-dbt-version', or go on with --no-version-check.`,
  PACKAGE_NOT_FOUND: (f: { name: string; home: string }) =>
    `${f.home} has no package '${f.name}'. Correct its name in packages.yml.`,
  PACKAGE_VERSION: (f: { name: string; asked: readonly string[]; known: readonly string[] }) =>
    `No version of package '${f.name}' fits ${f.asked.join(' and ')}; there are ${f.known.slice(-8).join(', ') || 'none'}. Correct the version in packages.yml.`,
  PACKAGE_CONFLICT: (f: { name: string; asked: readonly string[] }) =>
    `The package '${f.name}' is asked for in ways that exclude each other: ${f.asked.join(', ')}. Change one of them.`,
  DOWNLOAD_FAILED: (f: { url: string; problem: string }) =>
    `${f.url} could not be fetched: ${f.problem}. Look at the address and the line, and try again.`,
  GIT_FAILED: (f: { address: string; revision: string; problem: string }) =>
    `git could not get '${f.revision}' of ${f.address}: ${f.problem}. Correct the address or the revision, or see to access.`,
  REF_UNKNOWN: (f: { from: string; name: string; nearest: readonly string[] }) =>
    `${f.from} refers to '${f.name}', and the project has no such model.${nearest(f.nearest)} Correct the name, or add the model.`,
  REF_DISABLED: (f: { from: string; name: string }) =>
    `${f.from} refers to '${f.name}', which is disabled. Enable it, or take the reference out.`,
  REF_PRIVATE: (f: { from: string; name: string; group: string }) =>
    `${f.from} refers to ${f.name}, which only '${f.group}' may use. Put both into one group, or change its access.`,
  NODE_CONFIG_INVALID: (f: { node: string; file: string; problem: string }) =>
    `${f.file}: ${f.node}: ${f.problem}. Correct its configuration.`,
  TIME_SPINE_ABSENT: (f: { node: string; file: string }) =>
    `${f.file}: ${f.node} needs a time spine of a day or less, and no model of the project is one. Give a model 'time_spine: { standard_granularity_column: … }' and its column a granularity.`,
  RELATION_DUPLICATE: (f: { relation: string; nodes: readonly string[]; files: readonly string[] }) =>
    `${f.nodes.join(' and ')} would both be ${f.relation} (${f.files.join(', ')}). Give one of them another alias or schema.`,
  SOURCE_UNKNOWN: (f: { from: string; name: string; nearest: readonly string[] }) =>
    `${f.from} refers to source '${f.name}', which no file declares.${nearest(f.nearest)} Correct the name, or declare it under 'sources:'.`,
  REF_NOT_FOUND_AT_PARSE: (f: { from: string; name: string }) =>
    `${f.from} refers to '${f.name}' only when it runs, so it was not put after it. Add the line '-- depends_on: {{ ref('${f.name}') }}' to its file.`,
  MODEL_CYCLE: (f: { path: readonly string[] }) =>
    `Models depend on each other in a circle: ${f.path.join(' → ')}. Take one of these references out.`,
  TEST_UNKNOWN: (f: { from: string; test: string; nearest: readonly string[] }) =>
    `${f.from} asks for the test '${f.test}', and there is no macro for it.${nearest(f.nearest)} Correct the name, or write it as a test block under tests/generic.`,
  ENV_VAR_MISSING: (f: { name: string; from: string }) =>
    `${f.from} needs the environment variable ${f.name}. Set it, or give env_var a default.`,
  VAR_MISSING: (f: { name: string; from: string }) =>
    `${f.from} needs the variable '${f.name}'. Give it under 'vars:' in dbt_project.yml or with --var ${f.name}=…`,
  SELECTION_INVALID: (f: { selection: string; problem: string }) =>
    `The selection '${f.selection}' cannot be read: ${f.problem}. Write [@][n+][method:]value[+n].`,
  DBT_FAILED: (f: { problems: readonly string[] }) =>
    `${f.problems.length} failed. Look at what they say, correct it and run again.${f.problems.map((one) => `\n  ${one}`).join('')}`,
  MACRO_UNKNOWN: (f: { name: string; nearest: readonly string[] }) =>
    `There is no macro '${f.name}' in the project or its packages.${nearest(f.nearest)} Correct the name.`,
  RETRY_NOTHING: (f: { file: string }) =>
    `There is no run to repeat: ${f.file} is missing or is of a verb that has no nodes. Run the project first, or name the folder with --state.`,
  CLEAN_REFUSED: (f: { target: string; problem: string }) =>
    `'${f.target}' of clean-targets is not removed: ${f.problem}. Correct clean-targets in dbt_project.yml.`,
  INIT_REFUSED: (f: { name: string; problem: string }) =>
    `No project '${f.name}' was made: ${f.problem}. Choose another name or folder.`,
  SELECTOR_UNKNOWN: (f: { name: string; known: readonly string[] }) =>
    `selectors.yml has no selector '${f.name}'; it has ${f.known.join(', ') || 'none'}. Name one of them, or add it.`,
  STATE_MISSING: (f: { selection: string; file: string }) =>
    `The selection '${f.selection}' compares with another state, and there is no ${f.file} of one. Name its folder with --state.`,
  STATE_UNREADABLE: (f: { file: string; problem: string }) =>
    `${f.file} cannot be read: ${f.problem}. Write it again, with dbt or Smallboat.`,
  SELECTION_EMPTY: (f: { select: string; nearest: readonly string[] }) =>
    `Nothing in the project fits the selection '${f.select}'.${nearest(f.nearest)} Name a model, tag:…, path:…, source:… or a test, with + before or after it for what it needs or what needs it.`,
});

/** The names most like `name`, at most two, none that differs in more than a third of its letters. */
export function nearestNames(name: string, known: Iterable<string>): string[] {
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 2)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
