import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { WorkOptions } from '../../kernel/index.ts';
import type { Warehouse } from '../../warehouse/index.ts';
import { writeManifest } from '../artifacts/manifest.ts';
import { parseContext } from '../parse/parsing.ts';
import type { Flags } from '../context/invocation.ts';
import type { LoadOptions, Project } from '../load.ts';
import { loadProject } from '../load.ts';
import { findMacroDependencies } from '../macros/registry.ts';
import type { ResourceType, SqlNode } from '../manifest/node.ts';
import { isSqlNode } from '../manifest/node.ts';
import { projectErrors } from '../project/errors.ts';
import { readSelectors } from '../project/selectors-file.ts';
import type { NodeEvent } from '../run/node-event.ts';
import type { IndirectSelection, Selection, YamlSelector } from '../select/criteria.ts';
import { EVERYTHING, selectionOf } from '../select/criteria.ts';
import type { PreviousState } from '../select/previous-state.ts';
import { readPreviousState } from '../select/previous-state.ts';
import { emptySelection, selectNodes } from '../select/select.ts';
import { openTarget } from './open-target.ts';

/** What every verb takes. Names follow dbt's flags. */
export interface VerbOptions extends WorkOptions, Omit<LoadOptions, 'flags' | 'onSay'> {
  /** Folder of the dbt project, or one that was read. */
  readonly project: string | Project;
  /** An open warehouse to work in; default: what profiles.yml says. Its dialect picks the output where `target` does not. Whoever opened it closes it. */
  readonly warehouse?: Warehouse;
  /** As dbt's `--select`: one text, or several. */
  readonly select?: string | readonly string[];
  readonly exclude?: string | readonly string[];
  /** A selector of selectors.yml. */
  readonly selector?: string;
  /** True: a selection that fits nothing does nothing, as in dbt. Default false: it is an error. */
  readonly mayBeEmpty?: boolean;
  readonly indirectSelection?: IndirectSelection;
  readonly resourceTypes?: readonly ResourceType[];
  readonly excludeResourceTypes?: readonly ResourceType[];
  /** Folder with the artifacts of another run, for `state:`, `result:` and `defer`. */
  readonly state?: string;
  readonly defer?: boolean;
  /** Where deferred nodes are looked up, if not in `state`. */
  readonly deferState?: string;
  readonly favorState?: boolean;
  readonly fullRefresh?: boolean;
  readonly failFast?: boolean;
  readonly empty?: boolean;
  readonly sample?: { readonly start: Date; readonly end: Date };
  readonly eventTimeStart?: Date;
  readonly eventTimeEnd?: Date;
  readonly storeFailures?: boolean;
  readonly warnError?: boolean;
  /** For artifacts and SQL. Default `target` in the project's folder, or what dbt_project.yml says. */
  readonly targetFolder?: string;
  /** Whether manifest.json and run_results.json are written. Default true. */
  readonly writeJson?: boolean;
  readonly onNode?: (event: NodeEvent) => void;
  readonly onMessage?: (message: string) => void;
  readonly onStatement?: (sql: string) => void;
}

/** A project that was read, with what a verb needs around it. */
export interface VerbSession {
  readonly project: Project;
  readonly targetFolder: string;
  readonly selectors: ReadonlyMap<string, YamlSelector>;
  /** The selectors as a manifest has them. */
  readonly selectorDocument: Readonly<Record<string, unknown>>;
  readonly previous: PreviousState | undefined;
  readonly deferred: ReadonlyMap<string, SqlNode>;
  /** Opens the warehouse of the target; the caller closes what it gets. */
  open(): Promise<Warehouse>;
  /** What is chosen of these kinds. @throws `SELECTION_EMPTY` where nothing is, and `mayBeEmpty` is not set. */
  choose(types: readonly ResourceType[], options?: { readonly mayBeEmpty?: boolean }): string[];
}

/** Writes manifest.json, as each verb of dbt does that reads a project. */
export async function noteManifest(
  { project, targetFolder, selectorDocument }: VerbSession,
  options: Pick<VerbOptions, 'writeJson'>,
): Promise<void> {
  if (options.writeJson !== false) await writeManifest(targetFolder, project, selectorDocument);
}

/** Reads the project and all that the options name. */
export async function beginVerb(which: string, options: VerbOptions): Promise<VerbSession> {
  const flags = flagsOf(which, options);
  const project = await projectOf(options, flags);
  const { invocation } = project;
  const folder = project.root.folder;
  const targetFolder = targetFolderOf(options, project);
  const { context } = parseContext(
    { invocation, manifest: project.manifest, warn: () => undefined, now: 0 },
    { unique_id: '', name: '', package_name: project.root.name, original_file_path: 'selectors.yml' },
  );
  const indirect = options.indirectSelection ?? 'eager';
  const { selectors, document } = await readSelectors(folder, (name) => context.global(name), indirect);
  const cwd = options.cwd ?? process.cwd();
  // As dbt: from the project's folder; from the working folder too, if nothing is there.
  const placeOf = (path: string): string =>
    existsSync(resolve(folder, path)) ? resolve(folder, path) : resolve(cwd, path);
  const stateFolder = options.state ?? invocation.env['DBT_STATE'];
  const previous = stateFolder === undefined ? undefined : await readPreviousState(placeOf(stateFolder), targetFolder);
  const deferFolder = options.deferState;
  const other = deferFolder === undefined ? previous : await readPreviousState(placeOf(deferFolder), targetFolder);
  const defers = options.defer === true || which === 'clone';
  const deferred = defers ? deferredNodes(project, other) : new Map<string, SqlNode>();
  for (const warning of project.warnings) options.onMessage?.(`warning: ${warning}`);
  return {
    project,
    targetFolder,
    selectors,
    selectorDocument: document,
    previous,
    deferred,
    open: () => openTarget(project, options),
    choose(types, { mayBeEmpty = options.mayBeEmpty ?? false } = {}) {
      const { selection, exclude, text } = selectionFrom(options, selectors, indirect);
      const wanted = new Set(
        types.filter(
          (type) =>
            (options.resourceTypes?.includes(type) ?? true) && !(options.excludeResourceTypes?.includes(type) ?? false),
        ),
      );
      const chosen = selectNodes({
        manifest: project.manifest,
        root: project.root.name,
        folder,
        previous,
        macros: () => macroState(project),
        selection,
        exclude,
        types: wanted,
        onNothing: (raw, nearest) => {
          const guess = nearest.length > 0 ? ` Did you mean '${nearest.join("' or '")}'?` : '';
          options.onMessage?.(`warning: the selection '${raw}' fits no node.${guess}`);
        },
      });
      if (chosen.length === 0 && !mayBeEmpty && text !== undefined) throw emptySelection(text, project.manifest);
      return chosen;
    },
  };
}

function flagsOf(which: string, options: VerbOptions): Partial<Flags> {
  const texts = (given: string | readonly string[] | undefined): readonly string[] =>
    given === undefined ? [] : typeof given === 'string' ? [given] : given;
  return {
    which,
    fullRefresh: options.fullRefresh ?? false,
    storeFailures: options.storeFailures ?? false,
    isEmpty: options.empty ?? false,
    sample: options.sample,
    eventTimeStart: options.eventTimeStart,
    eventTimeEnd: options.eventTimeEnd,
    failFast: options.failFast ?? false,
    defer: options.defer ?? false,
    favorState: options.favorState ?? false,
    warnError: options.warnError ?? false,
    all: {
      which,
      full_refresh: options.fullRefresh ?? false,
      store_failures: options.storeFailures ?? false,
      empty: options.empty ?? false,
      fail_fast: options.failFast ?? false,
      defer: options.defer ?? false,
      favor_state: options.favorState ?? false,
      defer_state: options.deferState ?? null,
      event_time_start: options.eventTimeStart?.toISOString() ?? null,
      event_time_end: options.eventTimeEnd?.toISOString() ?? null,
      warn_error: options.warnError ?? null,
      select: texts(options.select),
      exclude: texts(options.exclude),
      selector: options.selector ?? null,
      indirect_selection: options.indirectSelection ?? 'eager',
      vars: options.vars ?? {},
      target: options.target ?? null,
      profile: options.profile ?? null,
      state: options.state ?? null,
      threads: options.threads ?? null,
      resource_types: options.resourceTypes ?? [],
      exclude_resource_types: options.excludeResourceTypes ?? [],
      project_dir: typeof options.project === 'string' ? resolve(options.project) : options.project.root.folder,
      invocation_command: `smallboat dbt ${which}`,
    },
  };
}

async function projectOf(options: VerbOptions, flags: Partial<Flags>): Promise<Project> {
  if (typeof options.project !== 'string') {
    const { invocation, ...rest } = options.project;
    // Nodes note their SQL: a project that is run a second time is compiled again.
    for (const node of options.project.manifest.nodes.values()) node.compiled = false;
    return {
      ...rest,
      invocation: {
        ...invocation,
        flags: { ...invocation.flags, ...flags, threads: options.threads ?? invocation.flags.threads },
        say: (message) => options.onMessage?.(message),
        graph: undefined,
        results: undefined,
      },
    };
  }
  const database = options.database ?? (await databaseOf(options.warehouse));
  return loadProject(options.project, {
    ...options,
    flags: { ...flags, ...(options.threads === undefined ? {} : { threads: options.threads }) },
    isProfileOptional: options.isProfileOptional ?? options.warehouse !== undefined,
    ...(options.warehouse === undefined ? {} : { adapterType: options.warehouse.dialect }),
    onSay: (message, isInfo) => {
      if (isInfo) options.onMessage?.(message);
    },
    ...(database === undefined ? {} : { database }),
  });
}

/** The database that a warehouse is, where the caller brings one. */
async function databaseOf(warehouse: Warehouse | undefined): Promise<string | undefined> {
  if (!warehouse) return undefined;
  const [row] = await warehouse.query<{ name: string }>('select current_database() as "name"');
  return row?.name;
}

function targetFolderOf(options: VerbOptions, { root, invocation }: Project): string {
  const given = options.targetFolder ?? invocation.env['DBT_TARGET_PATH'];
  return given === undefined
    ? join(root.folder, root.project.targetPath ?? 'target')
    : resolve(options.cwd ?? process.cwd(), given);
}

function selectionFrom(
  options: VerbOptions,
  selectors: ReadonlyMap<string, YamlSelector>,
  indirect: IndirectSelection,
): { readonly selection: Selection; readonly exclude: Selection | undefined; readonly text: string | undefined } {
  const texts = (given: string | readonly string[] | undefined): readonly string[] =>
    given === undefined ? [] : typeof given === 'string' ? [given] : given;
  const select = texts(options.select).filter((text) => text.trim() !== '');
  const without = texts(options.exclude).filter((text) => text.trim() !== '');
  const exclude = without.length === 0 ? undefined : selectionOf(without, indirect);
  if (options.selector !== undefined) {
    const found = selectors.get(options.selector);
    if (!found) {
      throw projectErrors.SELECTOR_UNKNOWN({ name: options.selector, known: [...selectors.keys()] });
    }
    // As dbt: a selector says itself what it leaves out.
    return { selection: found.selection, exclude: undefined, text: `selector ${options.selector}` };
  }
  if (select.length > 0)
    return {
      selection: selectionOf(select, indirect),
      exclude,
      text: [...select, ...without.map((one) => `--exclude ${one}`)].join(' '),
    };
  const usual = [...selectors.values()].find((one) => one.isDefault);
  if (usual && without.length === 0) return { selection: usual.selection, exclude, text: undefined };
  return { selection: { ...EVERYTHING, indirect }, exclude, text: undefined };
}

function macroState({ invocation }: Project): {
  readonly sql: Map<string, string>;
  readonly calls: Map<string, readonly string[]>;
} {
  findMacroDependencies(invocation.registry);
  const all = [...invocation.registry.all()].map(({ info }) => info);
  return {
    sql: new Map(all.map((info) => [info.unique_id, info.macro_sql])),
    calls: new Map(all.map((info) => [info.unique_id, info.depends_on.macros])),
  };
}

/** The nodes of another state by their ids, as far as they have a place in a warehouse. */
function deferredNodes(project: Project, other: PreviousState | undefined): Map<string, SqlNode> {
  if (!other?.nodes) throw projectErrors.STATE_MISSING({ selection: '--defer', file: 'manifest.json' });
  const found = new Map<string, SqlNode>();
  for (const [id, node] of other.nodes) {
    const own = project.manifest.nodes.get(id);
    const kind = String(node['resource_type']);
    if (!['model', 'seed', 'snapshot', 'function'].includes(kind)) continue;
    const there = node as unknown as SqlNode; // dbt's own shape, of which only the place is read
    if (own ? isSqlNode(own) : true) found.set(id, there);
  }
  return found;
}
