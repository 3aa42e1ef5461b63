import type { Flag } from '../command.ts';

const text = (help: string, short?: string): Flag => ({
  type: 'string',
  help,
  ...(short === undefined ? {} : { short }),
});
const list = (help: string, short?: string): Flag => ({ ...text(help, short), multiple: true });
const yes = (help: string, short?: string): Flag => ({
  type: 'boolean',
  help,
  ...(short === undefined ? {} : { short }),
});

/** Flags of every verb. */
/** Flags of all verbs. */
export const COMMON = {
  'no-version-check': yes('go on where a project asks for another dbt'),
  'version-check': yes('accepted'),
  'project-dir': text('folder of the project (default: the one you are in)'),
  project: text('the same, by its old name', 'p'),
  'profiles-dir': text('folder of profiles.yml (default: the project, the one you are in, ~/.dbt)'),
  profile: text('profile of profiles.yml'),
  target: text('target of the profile (default: the one it says)', 't'),
  vars: text("variables, as YAML: '{start: 2024-01-01}'"),
  var: list('one variable, name=value'),
  'target-path': text('folder for artifacts and SQL (default target)'),
  'target-folder': text('the same, by its old name'),
  warehouse: text('URL of a warehouse, in place of the one of the profile', 'w'),
  home: text('folder of Smallboat (default .smallboat)'),
  threads: text('how many nodes at once (default: what the profile says)'),
  quiet: yes('say only what fails', 'q'),
  debug: yes('print each statement', 'd'),
  'warn-error': yes('treat warnings as errors'),
  'no-write-json': yes('write no manifest.json and run_results.json'),
  json: yes('print the results as JSON'),
} as const;

const CHOICE = {
  select: list(
    'nodes: name, +name+, tag:x, path:x, source:x, state:modified, …; several mean or, a comma means and',
    's',
  ),
  models: list('the same, by its old name', 'm'),
  exclude: list('nodes to leave out, in the same words'),
  selector: text('a selector of selectors.yml'),
  'resource-type': list('only nodes of these kinds'),
  'exclude-resource-type': list('no nodes of these kinds'),
  'indirect-selection': text('which tests come along: eager, cautious, buildable, empty (default eager)'),
  state: text('folder with the artifacts of another run, for state: and --defer'),
  defer: yes('read what is not built here from where the other state has it'),
  'no-defer': yes('the opposite'),
  'defer-state': text('the other state of --defer, if not that of --state'),
  'favor-state': yes('with --defer: also what is built here'),
} as const;

const RUNNING = {
  'full-refresh': yes('build incremental models and seeds anew', 'f'),
  'fail-fast': yes('stop at the first failure', 'x'),
  empty: yes('read no rows: checks that the SQL runs'),
  sample: text('read the rows of a time only: "3 days", or "{start: 2024-01-01, end: 2024-01-08}"'),
  'event-time-start': text('first batch of microbatch models, a time'),
  'event-time-end': text('end of the last batch'),
} as const;

/** A verb of dbt on the command line. */
export interface VerbSpec {
  readonly summary: string;
  readonly example: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly positionals?: readonly string[];
}

const running = (summary: string, example: string, more: Readonly<Record<string, Flag>> = {}): VerbSpec => ({
  summary,
  example: `smallboat dbt ${example}`,
  flags: { ...CHOICE, ...RUNNING, ...more, ...COMMON },
});

const choosing = (summary: string, example: string, more: Readonly<Record<string, Flag>> = {}): VerbSpec => ({
  summary,
  example: `smallboat dbt ${example}`,
  flags: { ...CHOICE, ...more, ...COMMON },
});

const STORE = { 'store-failures': yes('keep the rows that tests find in tables') } as const;

/** All verbs, in the order of `smallboat dbt --help`. */
export const VERBS: Readonly<Record<string, VerbSpec>> = {
  build: running(
    'Build seeds, models and snapshots and test them, in the order of what they read.',
    'build --select orders+',
    STORE,
  ),
  run: running('Build models.', 'run --select tag:nightly'),
  test: running('Run tests.', 'test --select orders', STORE),
  seed: running('Load CSV files.', 'seed --full-refresh', { show: yes('print the first rows of each') }),
  snapshot: running('Take snapshots.', 'snapshot'),
  compile: choosing('Write the SQL of nodes without running it.', 'compile --select orders', {
    ...RUNNING,
    inline: text('SQL with templates, in place of a selection'),
  }),
  show: choosing('Print the first rows of a node.', 'show --select orders --limit 10', {
    inline: text('SQL with templates, in place of a selection'),
    'inline-direct': text('SQL that is run as it is'),
    limit: text('rows at most (default 5; -1: all)'),
    output: text('text or json (default text)'),
  }),
  list: choosing('List nodes.', 'list --select +orders --output name', {
    output: text('selector, name, path or json (default selector)'),
    'output-keys': list('fields of json'),
  }),
  ls: choosing('The same as list.', 'ls --resource-type source', {
    output: text('selector, name, path or json (default selector)'),
    'output-keys': list('fields of json'),
  }),
  parse: { summary: 'Read the project and write manifest.json.', example: 'smallboat dbt parse', flags: COMMON },
  deps: {
    summary: 'Install the packages of packages.yml.',
    example: 'smallboat dbt deps',
    flags: {
      ...COMMON,
      upgrade: yes('look for newer versions'),
      lock: yes('write package-lock.yml only'),
      'add-package': text('add a package to packages.yml: name@version'),
      source: text('of --add-package: hub, git or local (default hub)'),
    },
  },
  docs: {
    summary: 'Write the documentation: one page that opens without a server.',
    example: 'smallboat dbt docs generate',
    positionals: ['what'],
    flags: {
      ...CHOICE,
      ...COMMON,
      'no-compile': yes('do not compile before'),
      'empty-catalog': yes('do not ask the warehouse'),
      static: yes('accepted; the page is always one file'),
    },
  },
  source: {
    summary: 'Tell how old sources are.',
    example: 'smallboat dbt source freshness',
    positionals: ['what'],
    flags: { ...CHOICE, ...COMMON, output: text('file for the result (default sources.json)') },
  },
  'run-operation': {
    summary: 'Run a macro.',
    example: "smallboat dbt run-operation grant_all --args '{role: reader}'",
    positionals: ['macro'],
    flags: { ...COMMON, args: text('its arguments, as YAML') },
  },
  retry: running('Run again what failed in the last run.', 'retry'),
  clone: running('Make views or clones of nodes of another state.', 'clone --state prod-artifacts'),
  clean: { summary: 'Remove the folders of clean-targets.', example: 'smallboat dbt clean', flags: COMMON },
  debug: {
    summary: 'Check project, profile and connection.',
    example: 'smallboat dbt debug',
    flags: { ...COMMON, 'config-dir': yes('accepted'), connection: yes('accepted') },
  },
  init: {
    summary: 'Make a new project.',
    example: 'smallboat dbt init shop',
    positionals: ['name'],
    flags: { ...COMMON, 'skip-profile-setup': yes('accepted') },
  },
};

/** Flags of dbt that change nothing here: they are about its caches, its log files and its colours. */
export const IGNORED: ReadonlySet<string> = new Set([
  'partial-parse',
  'no-partial-parse',
  'static-parser',
  'no-static-parser',
  'use-colors',
  'no-use-colors',
  'populate-cache',
  'no-populate-cache',
  'cache-selected-only',
  'no-cache-selected-only',
  'print',
  'no-print',
  'write-json',
  'send-anonymous-usage-stats',
  'no-send-anonymous-usage-stats',
  'introspect',
  'no-introspect',
  'use-colors-file',
  'no-use-colors-file',
  'log-cache-events',
  'no-log-cache-events',
  'single-threaded',
  'no-single-threaded',
  'show-resource-report',
  'no-show-resource-report',
  'use-experimental-parser',
  'no-use-experimental-parser',
  'no-fail-fast',
  'no-full-refresh',
  'no-favor-state',
  'no-quiet',
  'no-warn-error',
  'no-debug',
  'no-empty-catalog',
  'compile',
  'no-static',
  'macro-debugging',
  'export-saved-queries',
  'no-export-saved-queries',
]);

/** The same with a value. */
export const IGNORED_WITH_VALUE: ReadonlySet<string> = new Set([
  'log-format',
  'log-format-file',
  'log-level',
  'log-level-file',
  'log-path',
  'log-file-max-bytes',
  'printer-width',
  'record-timing-info',
  'warn-error-options',
]);
