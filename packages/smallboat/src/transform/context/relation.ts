import { quoteName } from '../../warehouse/index.ts';
import type { Value } from '../jinja/value.ts';
import { Bag, Fn, PyObject, firstOf, numberOf, str } from '../jinja/value.ts';

/** A table or view as templates see it: prints as `"database"."schema"."name"`. */
export class Relation extends PyObject {
  readonly type = 'Relation';
  readonly database: string | undefined;
  readonly schema: string | undefined;
  readonly identifier: string;
  readonly kind: 'table' | 'view' | undefined;

  constructor(place: {
    readonly database?: string | undefined;
    readonly schema?: string | undefined;
    readonly identifier: string;
    readonly kind?: 'table' | 'view' | undefined;
  }) {
    super();
    this.database = place.database;
    this.schema = place.schema;
    this.identifier = place.identifier;
    this.kind = place.kind;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'database':
        return this.database ?? null;
      case 'schema':
        return this.schema ?? null;
      case 'identifier':
      case 'name':
      case 'table':
        return this.identifier;
      case 'type':
        return this.kind ?? null;
      case 'is_table':
        return this.kind === 'table';
      case 'is_view':
        return this.kind === 'view';
      case 'include':
        return new Fn('include', ({ named }) => {
          const keeps = (part: string): boolean => named.get(part) !== false;
          return new Relation({
            identifier: this.identifier,
            database: keeps('database') ? this.database : undefined,
            schema: keeps('schema') ? this.schema : undefined,
            kind: this.kind,
          });
        });
      case 'quote':
        return new Fn('quote', () => this);
      case 'render':
        return new Fn('render', () => this.print());
      default:
        return undefined;
    }
  }

  print(): string {
    return [this.database, this.schema, this.identifier].flatMap((part) => (part ? [quoteName(part)] : [])).join('.');
  }
}

/** A column of a relation, as `adapter.get_columns_in_relation` lists them. */
export function columnValue(name: string, dataType: string): Bag {
  const isString = /^(varchar|text|char)/i.test(dataType);
  const isNumber = /^(tinyint|smallint|integer|bigint|hugeint|u\w*int|float|double|decimal|real)/i.test(dataType);
  return new Bag(
    'Column',
    {
      name,
      column: name,
      dtype: dataType,
      data_type: dataType,
      quoted: quoteName(name),
      is_string: new Fn('is_string', () => isString),
      is_number: new Fn('is_number', () => isNumber),
      is_numeric: new Fn('is_numeric', () => /^decimal/i.test(dataType)),
      is_integer: new Fn('is_integer', () => /int/i.test(dataType)),
      is_float: new Fn('is_float', () => /^(float|double|real)/i.test(dataType)),
    },
    `<Column ${name} (${dataType})>`,
  );
}

/** The rows that `run_query` gives: a table with `rows`, `columns`, `column_names`, each by place or by name. */
export function tableValue(names: readonly string[], rows: readonly (readonly Value[])[]): Bag {
  const rowValues = rows.map((row) => new Listed('Row', names, row));
  const columns = names.map((name, i) => {
    const values = rows.map((row) => row[i] ?? null);
    return new Bag('Column', {
      name,
      values: new Fn('values', () => values),
      values_without_nulls: new Fn('values_without_nulls', () => values.filter((value) => value !== null)),
      values_distinct: new Fn('values_distinct', () => [...new Set(values)]),
    });
  });
  return new Bag(
    'Table',
    {
      rows: new Listed('Rows', [], rowValues),
      columns: new Listed('Columns', names, columns),
      column_names: [...names],
      print_table: new Fn('print_table', () => ''),
    },
    `<Table of ${rows.length} rows>`,
  );
}

/** Values that are reached by place and by name, and gone through in order. */
class Listed extends PyObject {
  readonly type: string;
  readonly items: readonly Value[];
  private readonly names: readonly string[];
  constructor(type: string, names: readonly string[], items: readonly Value[]) {
    super();
    this.type = type;
    this.names = names;
    this.items = [...items];
  }
  override item(key: Value): Value | undefined {
    const place = numberOf(key);
    if (place !== undefined) return this.items.at(Number(place));
    const at = this.names.indexOf(str(key));
    return at === -1 ? undefined : this.items[at];
  }
  override attribute(name: string): Value | undefined {
    if (name === 'values') return new Fn('values', () => [...this.items]);
    if (name === 'keys') return new Fn('keys', () => [...this.names]);
    if (name === 'get')
      return new Fn(
        'get',
        ({ positional: [key = null, otherwise = null] }) => firstOf(this.item(key), otherwise) ?? null,
      );
    return this.item(name);
  }
  print(): string {
    return `<${this.type} ${str([...this.items])}>`;
  }
}
