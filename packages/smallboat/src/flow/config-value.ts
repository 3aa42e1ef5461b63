import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, resolve } from 'node:path';
import type * as z from 'zod';
import { defineErrors } from '../kernel/index.ts';
import { callSite } from './site.ts';

export const configValueErrors = defineErrors({
  FLOW_CONFIG_UNREADABLE: (f: { name: string; path: string; problem: string }) =>
    `The configuration '${f.name}', ${f.path}, cannot be used: ${f.problem}. Mend it, or name another with --config ${f.name}=<file>.`,
  FLOW_CONFIG_MISSING: (f: { name: string }) =>
    `The flow needs the configuration '${f.name}', and has no default for it. Give it with --config ${f.name}=<file>.`,
});

/** Where a configuration that the command line gives is handed to the module, and to each worker process. */
const variableOf = (name: string): string => `SMALLBOAT_FLOW_CONFIG_${name.toUpperCase()}`;

/** What a module has read as configuration. */
export interface ReadConfig {
  readonly name: string;
  readonly value: unknown;
  /** For workers: the same content under the name of an environment variable. */
  readonly variable: readonly [name: string, content: string];
}

const read = new Map<string, ReadConfig>();

export interface ConfigOptions<T> {
  /** File from the folder of the module: JSON or YAML, or what `parse` reads. */
  readonly default?: string;
  /** Checks the content, and gives defaults. */
  readonly schema?: z.ZodType<T>;
  /** Reads another format: TOML, say. */
  readonly parse?: (text: string) => unknown;
}

/**
 * A configuration: a file that is read when the flow's module is imported, so that it may change what steps need and how the flow is
 * wired: `const settings = config('settings', { default: './settings.yaml', schema: Settings })`. The command line names another with
 * `--config settings=<file>` or gives one with `--config-value settings='{"gpu":1}'`. What was read is kept with the run, and every task
 * and a resumed run have the same. Throws `FLOW_CONFIG_UNREADABLE`, `FLOW_CONFIG_MISSING`.
 */
export function config<T = unknown>(name: string, options: ConfigOptions<T> = {}): T {
  const given = process.env[variableOf(name)];
  const site = callSite();
  const folder = site ? dirname(site.file) : process.cwd();
  const { path, text } = given === undefined ? fromDefault(name, options, folder) : unpacked(given);
  const fail = (problem: string, cause?: unknown): never => {
    throw configValueErrors.FLOW_CONFIG_UNREADABLE({ name, path, problem }, { cause });
  };
  let value: unknown;
  try {
    value = (options.parse ?? parserFor(path))(text);
  } catch (cause) {
    fail(cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ') : String(cause), cause);
  }
  const parsed = options.schema?.safeParse(value);
  if (parsed?.success === false) {
    const [issue] = parsed.error.issues;
    return fail(`${issue?.message ?? ''} at ${issue?.path.join('.') ?? ''}`, parsed.error);
  }
  const checked = parsed ? parsed.data : value;
  read.set(name, { name, value: checked, variable: [variableOf(name), packed(path, text)] });
  return checked as T; // As its schema says, or as the caller does.
}

/** All that was read as configuration in this process. */
export function readConfigs(): readonly ReadConfig[] {
  return [...read.values()];
}

/** As if no module had read a configuration: for tests, whose flows share a process. */
export function forgetConfigs(): void {
  for (const { variable } of read.values()) delete process.env[variable[0]];
  read.clear();
}

/** The environment variable that gives a configuration to the module that asks for it. `given`: `name=<file>` or `name=<JSON>`. */
export function configVariable(given: string, kind: 'file' | 'value', cwd: string): readonly [string, string] {
  const at = given.indexOf('=');
  const [name, rest] = [given.slice(0, Math.max(0, at)), given.slice(at + 1)];
  if (kind === 'value') return [variableOf(name), packed('given on the command line', rest)];
  const path = resolve(cwd, rest);
  return [variableOf(name), packed(path, readText(name, path))];
}

function fromDefault(name: string, options: ConfigOptions<unknown>, folder: string): Given {
  if (options.default === undefined) throw configValueErrors.FLOW_CONFIG_MISSING({ name });
  const path = resolve(folder, options.default);
  return { path, text: readText(name, path) };
}

interface Given {
  readonly path: string;
  readonly text: string;
}

const packed = (path: string, text: string): string => `${path}\n${text}`;

function unpacked(given: string): Given {
  const end = given.indexOf('\n');
  return { path: given.slice(0, end), text: given.slice(end + 1) };
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const problem = (cause as Error).message; // As readFileSync throws.
    throw configValueErrors.FLOW_CONFIG_UNREADABLE({ name, path, problem }, { cause });
  }
}

function parserFor(path: string): (text: string) => unknown {
  if (!['.yaml', '.yml'].includes(extname(path))) return JSON.parse;
  // Loaded where a file is YAML: imports are asynchronous, and a module's constants are not.
  const { parse } = createRequire(import.meta.url)('yaml') as { readonly parse: (text: string) => unknown }; // Its own types say so.
  return parse;
}
