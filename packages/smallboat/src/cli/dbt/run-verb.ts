import { join, resolve } from 'node:path';
import type { Io } from '../../kernel/index.ts';
import type { RunResults, VerbOptions } from '../../transform/index.ts';
import * as room from '../../transform/index.ts';
import { openWarehouse } from '../../warehouse/index.ts';
import { usage } from '../command.ts';
import type { DbtArguments } from './arguments.ts';
import { mappingOf, verbOptions } from './verb-options.ts';
import { report, summary } from './report.ts';

export interface VerbCall {
  readonly verb: string;
  readonly args: DbtArguments;
  readonly io: Io;
  /** The warehouse of the settings, in the spelling `smallboat transform`: it goes before the profile's. */
  readonly usesSettings: boolean;
}

/** Runs a verb of dbt, and says what came of it. */
export async function runDbtVerb({ verb, args, io, usesSettings }: VerbCall): Promise<void> {
  const options = optionsOf(verb, args, io);
  await using warehouse = await given(args, io, usesSettings);
  const all: VerbOptions = {
    ...options,
    ...(warehouse.open === undefined ? {} : { warehouse: warehouse.open }),
    ...(usesSettings && options.targetFolder === undefined
      ? { targetFolder: join(resolve(io.cwd, args.home), 'dbt-target') }
      : {}),
    mayBeEmpty: !usesSettings,
    onNode: (event) => report(event, io, args.quiet),
    onMessage: (message) => {
      if (!args.quiet || !message.startsWith('warning:')) io.err(message);
    },
    ...(args.debug ? { onStatement: (sql: string) => io.err(sql) } : {}),
  };
  await perform(verb, all, args, io);
}

function optionsOf(verb: string, args: DbtArguments, io: Io): VerbOptions {
  try {
    const options = verbOptions(args, { cwd: io.cwd, env: io.env, now: new Date() });
    const project = typeof options.project === 'string' ? resolve(io.cwd, options.project) : options.project;
    return { ...options, project };
  } catch (error) {
    if (error instanceof TypeError || (error instanceof Error && room.projectErrors.PROJECT_UNREADABLE.is(error))) {
      throw usage({ name: `dbt ${verb}` }, error.message.replace(/\.$/, ''), error);
    }
    throw error;
  }
}

type Opened = Awaited<ReturnType<typeof openWarehouse>>;

async function given(
  args: DbtArguments,
  io: Io,
  usesSettings: boolean,
): Promise<AsyncDisposable & { readonly open: Opened | undefined }> {
  const url =
    args.warehouse ?? (usesSettings ? `duckdb:${join(resolve(io.cwd, args.home), 'warehouse.duckdb')}` : undefined);
  if (url === undefined) return { open: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
  const open = await openWarehouse(url, { cwd: io.cwd });
  return { open, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() };
}

async function perform(verb: string, options: VerbOptions, args: DbtArguments, io: Io): Promise<void> {
  switch (verb) {
    case 'build':
    case 'run':
    case 'test':
    case 'seed':
    case 'snapshot':
    case 'clone':
      return tell(await room.runVerb(verb, options), args, io);
    case 'compile':
      return compile(options, args, io);
    case 'retry':
      return tell(await room.retry(options), args, io);
    case 'run-operation': {
      const macro = args.macro ?? '';
      if (macro === '') throw usage({ name: 'dbt run-operation' }, 'Name a macro');
      return tell(await room.runOperation({ ...options, macro, arguments: mappingOf(args.args, 'args') }), args, io);
    }
    case 'show': {
      const shown = await room.show({
        ...options,
        ...(args.inline === undefined ? {} : { inline: args.inline }),
        ...(args['inline-direct'] === undefined ? {} : { inlineDirect: args['inline-direct'] }),
        ...(args.limit === undefined ? {} : { limit: args.limit }),
      });
      for (const one of shown) {
        if (args.json || args.output === 'json')
          io.out(
            JSON.stringify(
              {
                node: one.name,
                show: one.table.rows.map((row) =>
                  Object.fromEntries(one.table.columns.map(({ name }, i) => [name, row[i]])),
                ),
              },
              bigints,
            ),
          );
        else
          io.out(
            `${args.inline === undefined && args['inline-direct'] === undefined ? `Previewing node '${one.name}':` : 'Previewing inline node:'}\n${one.text}`,
          );
      }
      return;
    }
    case 'list':
    case 'ls': {
      const output = args.json ? 'json' : args.output;
      const lines = await room.list({
        ...options,
        // As dbt: the old name of --select lists models alone.
        ...(args.models === undefined ? {} : { resourceTypes: ['model'] }),
        ...(output === undefined ? {} : { output: output as NonNullable<room.ListOptions['output']> }),
        ...(args['output-keys'] === undefined
          ? {}
          : { outputKeys: args['output-keys'].flatMap((key) => key.split(' ')) }),
      });
      for (const line of lines) io.out(line);
      return;
    }
    case 'parse': {
      const { project, targetFolder } = await room.parse(options);
      const { manifest } = project;
      io.out(
        args.json
          ? JSON.stringify({ nodes: manifest.nodes.size, sources: manifest.sources.size, targetFolder })
          : `${manifest.nodes.size} nodes and ${manifest.sources.size} sources read; the manifest is in ${targetFolder}`,
      );
      return;
    }
    case 'source': {
      if (args.what !== 'freshness') throw usage({ name: 'dbt source' }, "Write 'smallboat dbt source freshness'");
      const result = await room.sourceFreshness({
        ...options,
        ...(args.output === undefined ? {} : { output: resolve(io.cwd, args.output) }),
      });
      io.out(
        args.json
          ? JSON.stringify(result)
          : `${result.results.length} sources looked at in ${result.seconds.toFixed(1)} s; results are in ${result.path}`,
      );
      if (result.hasFailed)
        throw failed(
          result.results
            .filter(({ status }) => status === 'error' || status === 'runtime error')
            .map(({ name, message, status }) => `${name}: ${message === '' ? `too old (${status})` : message}`),
        );
      return;
    }
    case 'docs': {
      if (args.what !== 'generate') throw usage({ name: 'dbt docs' }, "Write 'smallboat dbt docs generate'");
      const made = await room.docsGenerate({
        ...options,
        isCatalogEmpty: args['empty-catalog'],
        isUncompiled: args['no-compile'],
      });
      io.out(
        args.json
          ? JSON.stringify(made)
          : `${made.nodes} nodes and ${made.sources} sources are in the catalog; open ${made.page}`,
      );
      if (made.errors.length > 0) throw failed(made.errors);
      return;
    }
    default:
      return other(verb, options, args, io);
  }
}

async function other(verb: string, options: VerbOptions, args: DbtArguments, io: Io): Promise<void> {
  const folder = typeof options.project === 'string' ? options.project : options.project.root.folder;
  switch (verb) {
    case 'clean': {
      const { root } = await room.loadProject(folder, { ...options, isProfileOptional: true });
      for (const path of await room.clean(folder, root.project)) io.out(`removed ${path}`);
      return;
    }
    case 'debug': {
      const checks = await room.debug({ ...options, project: folder });
      const width = Math.max(...checks.map(({ what }) => what.length));
      if (args.json) io.out(JSON.stringify(checks));
      else
        for (const { what, isOk, detail } of checks) io.out(`${isOk ? 'ok ' : 'NOT'} ${what.padEnd(width)}  ${detail}`);
      const bad = checks.filter(({ isOk }) => !isOk);
      if (bad.length > 0) throw failed(bad.map(({ what }) => what));
      return;
    }
    case 'deps': {
      const installed = await room.deps({
        project: folder,
        vars: options.vars ?? {},
        env: io.env,
        upgrade: args.upgrade,
        lockOnly: args.lock,
        ...(args['add-package'] === undefined ? {} : { add: args['add-package'] }),
        ...(args.source === undefined ? {} : { source: args.source }),
        onMessage: (message) => io.err(message),
      });
      io.out(args.json ? JSON.stringify(installed) : `${installed.length} packages installed`);
      return;
    }
    case 'init': {
      const made = await room.init(io.cwd, args.name ?? '');
      io.out(
        args.json
          ? JSON.stringify({ folder: made })
          : `made ${made}; build it with: smallboat dbt build --project-dir ${made}`,
      );
      return;
    }
    default:
      throw usage({ name: `dbt ${verb}` }, `'${verb}' is not a verb`);
  }
}

async function compile(options: VerbOptions, args: DbtArguments, io: Io): Promise<void> {
  if (args.inline !== undefined) {
    const [shown] = await room.show({ ...options, inline: args.inline, limit: 0 });
    io.out(args.json ? JSON.stringify({ inline: shown?.sql ?? '' }) : (shown?.sql ?? ''));
    return;
  }
  const results = await room.runVerb('compile', { ...options, onNode: () => undefined });
  const sql = Object.fromEntries(
    results.results.flatMap((one) => (one.compiledSql === undefined ? [] : [[one.uniqueId, one.compiledSql] as const])),
  );
  const failure = room.compileFailureOf(results);
  if (failure) throw failure;
  if (args.json) io.out(JSON.stringify(sql));
  else {
    const texts = Object.values(sql);
    if (options.select !== undefined && texts.length === 1) io.out(texts[0] ?? '');
    io.out(`${texts.length} nodes compiled into ${results.targetFolder}/compiled`);
  }
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function tell(results: RunResults, args: DbtArguments, io: Io): void {
  if (args.json) io.out(JSON.stringify(results, bigints));
  else io.out(summary(results));
  const failure = room.failureOf(results);
  if (failure) throw failure;
  if (results.hasFailed) throw failed(results.results.map(({ name, message }) => `${name}: ${message}`));
}

function failed(problems: readonly string[]): Error {
  return room.projectErrors.DBT_FAILED({ problems });
}
