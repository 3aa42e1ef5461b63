import { resolve } from 'node:path';
import type { Warehouse } from '../../warehouse/index.ts';
import { openWarehouse, quoteText } from '../../warehouse/index.ts';
import type { Project } from '../load.ts';
import { projectErrors } from '../project/errors.ts';
import { postgresPlace, redshiftPlace } from './postgres-place.ts';
import { snowflakePlace } from './snowflake-place.ts';
import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';

export interface OpenTargetOptions {
  readonly warehouse?: Warehouse;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
}

/** Opens the warehouse that the target of a project names; one that the caller brought is given as it is, and stays open. */
export async function openTarget({ invocation }: Project, options: OpenTargetOptions): Promise<Warehouse> {
  if (options.warehouse) return inTurn(options.warehouse);
  const { target } = invocation;
  const given = {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  if (target.type === 'duckdb') return openDuckDb(invocation, given);
  if (target.type === 'postgres') return openWarehouse(postgresPlace(target), given);
  if (target.type === 'redshift') return openWarehouse(redshiftPlace(target), given);
  if (target.type === 'snowflake') return openWarehouse(snowflakePlace(target), given);
  throw projectErrors.ADAPTER_UNKNOWN({
    file: target.file ?? 'profiles.yml',
    type: target.type,
    nearest: [],
    known: ['duckdb', 'postgres', 'redshift', 'snowflake'],
  });
}

const turns = new WeakMap<Warehouse, Promise<void>>();

/** A warehouse of the caller's: it stays open, and runs that share it come one after the other, for they share its transactions. */
async function inTurn(warehouse: Warehouse): Promise<Warehouse> {
  const before = turns.get(warehouse);
  const { promise, resolve: end } = Promise.withResolvers<undefined>();
  turns.set(warehouse, promise);
  await before;
  return {
    ...warehouse,
    [Symbol.asyncDispose]: () => {
      end(undefined);
      return Promise.resolve();
    },
  };
}

/** What dbt-duckdb has and is written in Python, or leads to a service that we do not reach. */
const UNSUPPORTED = ['plugins', 'filesystems', 'remote', 'module_paths', 'flights', 'motherduck_token'];

async function openDuckDb(
  { target, root }: Project['invocation'],
  given: { readonly cwd?: string; readonly signal?: AbortSignal },
): Promise<Warehouse> {
  const { credentials } = target;
  const from = target.file ?? 'profiles.yml';
  for (const key of UNSUPPORTED) {
    const value = credentials[key];
    if (value !== undefined && value !== null && listOf(value).length > 0) {
      throw projectErrors.ADAPTER_FEATURE({ from, feature: `dbt-duckdb's '${key}'`, instead: 'take it out' });
    }
  }
  const path = textOf(credentials['path']) ?? ':memory:';
  if (/^(md|motherduck|ducklake|quack|[a-z0-9]+):(?!\\|memory)/i.test(path) && !/^[a-z]:[\\/]/i.test(path)) {
    throw projectErrors.ADAPTER_FEATURE({ from, feature: `the path '${path}'`, instead: 'use a file' });
  }
  const place = path === ':memory:' ? path : resolve(given.cwd ?? process.cwd(), path);
  const settings = recordOf(credentials['settings']);
  const limit = memoryLimitMiB(
    textOf(settings['memory_limit'] ?? recordOf(credentials['config_options'])['memory_limit']),
  );
  const threads = Number(settings['threads'] ?? Number.NaN);
  const warehouse = await openWarehouse(`duckdb:${place}`, {
    ...given,
    ...(limit === undefined ? {} : { memoryLimitMiB: limit }),
    ...(Number.isInteger(threads) ? { threads } : {}),
  });
  try {
    // dbt-duckdb keeps the order of rows, and projects may rely on it.
    await warehouse.execute('set global preserve_insertion_order = true');
    await prepare(warehouse, credentials, root.folder);
  } catch (error) {
    await warehouse[Symbol.asyncDispose]();
    throw error;
  }
  return warehouse;
}

async function prepare(
  warehouse: Warehouse,
  credentials: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<void> {
  for (const extension of listOf(credentials['extensions'])) {
    const name = isRecord(extension) ? textOf(extension['name']) : textOf(extension);
    if (name !== undefined) await loadExtension(warehouse, name);
  }
  for (const [key, value] of Object.entries(recordOf(credentials['config_options'])))
    await setOption(warehouse, key, value);
  for (const [key, value] of Object.entries(recordOf(credentials['settings']))) await setOption(warehouse, key, value);
  for (const secret of listOf(credentials['secrets'])) await warehouse.execute(secretSql(recordOf(secret)));
  for (const attachment of listOf(credentials['attach']))
    await warehouse.execute(attachSql(recordOf(attachment), folder));
}

/** Extensions that are part of the program need no loading; others are loaded if they are installed. */
async function loadExtension(warehouse: Warehouse, name: string): Promise<void> {
  const [known] = await warehouse.query<{ loaded: boolean }>(
    `select loaded from duckdb_extensions() where extension_name = ${quoteText(name)}`,
  );
  if (known?.loaded !== true) await warehouse.execute(`load ${name}`);
}

async function setOption(warehouse: Warehouse, key: string, value: unknown): Promise<void> {
  if (['memory_limit', 'threads'].includes(key)) return;
  await warehouse
    .execute(`set global ${key} = ${quoteText(String(value))}`)
    .catch(async () => warehouse.execute(`set ${key} = ${quoteText(String(value))}`));
}

function attachSql(attachment: Readonly<Record<string, unknown>>, folder: string): string {
  const path = textOf(attachment['path']) ?? '';
  const place = path === '' || path.includes(':') ? path : resolve(folder, path);
  const alias = textOf(attachment['alias']);
  const options = [
    ...(attachment['type'] === undefined ? [] : [`type ${textOf(attachment['type']) ?? ''}`]),
    ...(attachment['read_only'] === true ? ['read_only'] : []),
    ...Object.entries(recordOf(attachment['options'])).map(([key, value]) =>
      value === true ? key : `${key} ${quoteText(String(value))}`,
    ),
  ];
  return `attach if not exists ${quoteText(place)}${alias === undefined ? '' : ` as ${alias}`}${options.length === 0 ? '' : ` (${options.join(', ')})`}`;
}

function secretSql(secret: Readonly<Record<string, unknown>>): string {
  const { name, type, persistent, ...rest } = secret;
  const parts = Object.entries(rest).map(
    ([key, value]) =>
      `${key} ${Array.isArray(value) ? `[${value.map((one) => quoteText(String(one))).join(', ')}]` : quoteText(String(value))}`,
  );
  const kind = persistent === true ? 'persistent secret' : 'secret';
  return `create or replace ${kind} ${textOf(name) ?? `secret_${textOf(type) ?? 's3'}`} (${[`type ${textOf(type) ?? 's3'}`, ...parts].join(', ')})`;
}

function memoryLimitMiB(text: string | undefined): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?b)\s*$/i.exec(text ?? '') ?? [];
  if (number === undefined) return undefined;
  const sizes: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };
  return Math.max(1, Math.floor(Number(number) * (sizes[unit.slice(0, 1).toLowerCase()] ?? 1)));
}
