import { Column } from '../adapter/column.ts';
import { Relation } from '../adapter/relation.ts';
import type { RelationCache } from '../adapter/relation-cache.ts';
import type { Session } from '../adapter/session.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, PyError, firstOf, iterate, numberOf, str } from '../jinja/value.ts';
import type { Invocation } from './invocation.ts';
import type { MacroFunctions } from './macro-functions.ts';
import { TableValue } from './table-value.ts';

export interface AdapterOptions {
  readonly invocation: Invocation;
  readonly macros: MacroFunctions;
  /** Undefined while a project is read: then nothing is asked. */
  readonly session: Session | undefined;
  readonly cache: RelationCache;
}

/** A method of `adapter`. */
export type Method = (given: Arguments, options: AdapterOptions) => Value | Promise<Value>;

/** An argument by its place or its name. */
export const argument = (given: Arguments, place: number, name: string): Value | undefined =>
  firstOf(given.positional[place], given.named.get(name));

/** @throws PyError for what is no relation. */
export function relationFrom(value: Value | undefined): Relation {
  if (value instanceof Relation) return value;
  throw new PyError('a relation is needed here, as ref() and source() give it');
}

/** Calls a macro of the project or of the adapter. */
export const callMacro = (
  macros: MacroFunctions,
  name: string,
  positional: Value[],
  named: Readonly<Record<string, Value>> = {},
): Value | Promise<Value> => {
  const macro = macros.find(name);
  if (!macro) throw new PyError(`the macro '${name}' is missing`);
  return macro.call({ positional, named: new Map(Object.entries(named)) });
};

/** The relations of a schema, as the macro `list_relations_without_caching` says. */
export async function listRelations(
  { invocation, macros }: AdapterOptions,
  database: string | null,
  schema: string,
): Promise<Relation[]> {
  const { adapter } = invocation;
  const within = new Relation(adapter, {
    database,
    schema,
    includes: { database: true, schema: true, identifier: false },
  });
  const table = await callMacro(macros, 'list_relations_without_caching', [within]);
  if (!(table instanceof TableValue)) return [];
  return table.rows.map((row) => {
    const [inDatabase = null, name = null, inSchema = null, type = null] = row.items;
    return new Relation(adapter, {
      database: inDatabase === null ? database : str(inDatabase),
      schema: str(inSchema),
      identifier: str(name),
      type: type === null ? undefined : str(type),
    });
  });
}

/** The relation of that place, if the warehouse has it. */
export function findRelation(options: AdapterOptions, place: Relation): Promise<Relation | undefined> {
  const { schema } = place;
  if (schema === null) return Promise.resolve(undefined);
  return options.cache.find(place, () => listRelations(options, place.database, schema));
}

/** The columns of a relation. */
export async function columnsIn(given: Value | undefined, options: AdapterOptions): Promise<Value[]> {
  try {
    return [...iterate(await callMacro(options.macros, 'get_columns_in_relation', [relationFrom(given)]))];
  } catch (error) {
    // As dbt-duckdb: what is not there has no columns.
    if (options.invocation.adapter.type === 'duckdb' && error instanceof Error && /does not exist/i.test(error.message))
      return [];
    throw error;
  }
}

/** The name of a column, given as one or as text. */
export const nameOf = (value: Value): string => (value instanceof Column ? value.name : str(value));

/** A response prints as its message and has dbt's fields. */
export function responseValue({
  message,
  code,
  rowsAffected,
}: {
  readonly message: string;
  readonly code: string;
  readonly rowsAffected: number | undefined;
}): Bag {
  return new Bag('AdapterResponse', { _message: message, code, rows_affected: rowsAffected ?? null }, message);
}

/** The quoting of the project, over the adapter's own. */
export function quotingOf({ adapter, root }: Pick<Invocation, 'adapter' | 'root'>): {
  readonly database: boolean;
  readonly schema: boolean;
  readonly identifier: boolean;
} {
  const { quoting } = root.project;
  return {
    database: quoting['database'] ?? quoting['project'] ?? adapter.quotes.database,
    schema: quoting['schema'] ?? quoting['dataset'] ?? adapter.quotes.schema,
    identifier: quoting['identifier'] ?? adapter.quotes.identifier,
  };
}

/** A name in the quotes of the warehouse. */
export function quoted({ adapter }: Invocation, name: string): string {
  return `${adapter.quoteCharacter}${name}${adapter.quoteCharacter}`;
}

/** How many, where a template gives a number. */
export function wholeOf(value: Value | undefined): number | undefined {
  const number = value === undefined ? undefined : numberOf(value);
  return number === undefined ? undefined : Number(number);
}
