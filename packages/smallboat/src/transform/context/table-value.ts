import { formatPercent } from '../jinja/format.ts';
import { toJson } from '../jinja/json.ts';
import { equals, order } from '../jinja/operators.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Dict, Fn, PyError, PyObject, Tuple, firstOf, iterate, keyOf, numberOf, str } from '../jinja/value.ts';

/** The rows that `run_query` gives, with the parts of Python's agate tables that templates use. */
export class TableValue extends PyObject {
  readonly type = 'Table';
  readonly names: readonly string[];
  readonly rows: readonly RowValue[];
  /** agate's names of the columns' types: `Text`, `Integer`, `Number`, `Date`, `DateTime`, `Boolean`. */
  readonly types: readonly string[];

  constructor(names: readonly string[], rows: readonly (readonly Value[])[], types: readonly string[] = []) {
    super();
    this.names = names;
    this.rows = rows.map((row) => new RowValue(names, row));
    this.types = types;
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'rows':
        return new Mapped('MappedSequence', [], [...this.rows]);
      case 'columns':
        return new Mapped(
          'MappedSequence',
          this.names,
          this.names.map((_, i) => this.column(i)),
        );
      case 'column_names':
        return new Tuple([...this.names]);
      case 'column_types':
        return new Tuple(this.names.map((_, i) => new TypeValue(this.types[i] ?? 'Text')));
      default: {
        const method = METHODS[name];
        return method && new Fn(name, (given) => method(this, given));
      }
    }
  }

  /** As agate: a table is a sequence of its rows. */
  get items(): readonly RowValue[] {
    return this.rows;
  }
  override item(key: Value): Value | undefined {
    const place = typeof key === 'string' ? undefined : numberOf(key);
    return place === undefined ? undefined : this.rows.at(Number(place));
  }

  column(i: number): ColumnValue {
    return new ColumnValue(
      this.names[i] ?? '',
      this.rows.map((row) => row.items[i] ?? null),
      this.types[i] ?? 'Text',
    );
  }

  print(): string {
    return `<agate.table.Table of ${this.rows.length} rows>`;
  }
}

type Method = (self: TableValue, given: Arguments) => Value;

function picked(self: TableValue, names: readonly string[]): TableValue {
  const places = names.map((name) => {
    const at = self.names.indexOf(name);
    if (at === -1) throw new PyError(`the table has no column '${name}'`);
    return at;
  });
  return new TableValue(
    names,
    self.rows.map((row) => places.map((at) => row.items[at] ?? null)),
    places.map((at) => self.types[at] ?? 'Text'),
  );
}

const namesFrom = (value: Value | undefined): string[] =>
  value === undefined || value === null ? [] : typeof value === 'string' ? [value] : iterate(value).map(str);

const METHODS: Readonly<Record<string, Method>> = {
  select: (self, { positional: [keys] }) => picked(self, namesFrom(keys)),
  exclude: (self, { positional: [keys] }) => {
    const left = new Set(namesFrom(keys));
    return picked(
      self,
      self.names.filter((name) => !left.has(name)),
    );
  },
  rename: (self, { positional, named }) => {
    const given = positional[0] ?? named.get('column_names') ?? null;
    const names =
      given instanceof Dict
        ? self.names.map((name) => str(given.get(name) ?? name))
        : given === null
          ? self.names
          : namesFrom(given);
    return new TableValue(
      names,
      self.rows.map((row) => row.items),
      self.types,
    );
  },
  limit: (self, { positional: [first, second] }) => {
    const numbers = [first, second].map((one) =>
      one === undefined || one === null ? undefined : Number(numberOf(one)),
    );
    const [from, to] = second === undefined ? [0, numbers[0]] : [numbers[0] ?? 0, numbers[1]];
    return new TableValue(
      self.names,
      self.rows.slice(from, to).map((row) => row.items),
      self.types,
    );
  },
  where: (self) => self,
  order_by: (self, { positional, named }) => {
    const keys = namesFrom(positional[0] ?? named.get('key'));
    const places = keys.map((key) => self.names.indexOf(key));
    const sign = (positional[1] ?? named.get('reverse')) === true ? -1 : 1;
    const rows = self.rows.toSorted((a, b) => {
      for (const at of places) {
        const [x = null, y = null] = [a.items[at], b.items[at]];
        if (x === null || y === null) {
          if (x !== y) return sign * (x === null ? 1 : -1);
        } else if (!equals(x, y)) return sign * order(x, y);
      }
      return 0;
    });
    return new TableValue(
      self.names,
      rows.map((row) => row.items),
      self.types,
    );
  },
  distinct: (self, { positional: [key] }) => {
    const places =
      key === undefined || key === null
        ? self.names.map((_, i) => i)
        : namesFrom(key).map((one) => self.names.indexOf(one));
    const seen = new Set<string>();
    const rows = self.rows.filter((row) => {
      const id = JSON.stringify(places.map((at) => keyOf(row.items[at] ?? null)));
      return seen.has(id) ? false : seen.add(id);
    });
    return new TableValue(
      self.names,
      rows.map((row) => row.items),
      self.types,
    );
  },
  print_table: () => null,
  print_csv: () => null,
  print_json: () => null,
  to_json: (self) => toJson(self.rows.map((row) => row.asDict())),
};

/** What `print_table()` writes: columns in pipes. At most `limit` rows. */
export function tableText(table: TableValue, limit = 20): string {
  const shown = table.rows.slice(0, limit).map((row) => row.items.map((item) => (item === null ? '' : str(item))));
  const widths = table.names.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i]?.length ?? 0)));
  const isNumber = table.names.map((_, i) => ['Integer', 'Number'].includes(table.types[i] ?? ''));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const more = table.rows.length > limit ? [line(table.names.map(() => '...'))] : [];
  return [line(table.names), rule, ...shown.map(line), ...more].join('\n');
}

class TypeValue extends PyObject {
  readonly type: string;
  constructor(type: string) {
    super();
    this.type = type;
  }
  override attribute(name: string): Value | undefined {
    return name === '__name__' || name === 'name' ? this.type : undefined;
  }
  print(): string {
    return `<agate.data_types.${this.type}>`;
  }
}

/** Values reached by place and by name, and gone through in order: agate's `MappedSequence`. */
class Mapped extends PyObject {
  readonly type: string;
  readonly items: readonly Value[];
  readonly names: readonly string[];

  constructor(type: string, names: readonly string[], items: readonly Value[]) {
    super();
    this.type = type;
    this.names = names;
    this.items = items;
  }
  override item(key: Value): Value | undefined {
    const place = typeof key === 'string' ? undefined : numberOf(key);
    if (place !== undefined) return this.items.at(Number(place));
    const at = this.names.indexOf(str(key));
    return at === -1 ? undefined : this.items[at];
  }
  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'values':
        return new Fn('values', () => new Tuple([...this.items]));
      case 'keys':
        return new Fn('keys', () => new Tuple([...this.names]));
      case 'items':
        return new Fn('items', () => this.items.map((item, i) => new Tuple([this.names[i] ?? i, item])));
      case 'get':
        return new Fn(
          'get',
          ({ positional: [key = null, otherwise = null] }) => firstOf(this.item(key), otherwise) ?? null,
        );
      case 'dict':
        return new Fn('dict', () => this.asDict());
      default:
        return undefined;
    }
  }
  asDict(): Dict {
    return new Dict(this.names.map((name, i) => [name, this.items[i] ?? null] as const));
  }
  print(): string {
    return `<agate.${this.type}: ${str(new Tuple(this.items))}>`;
  }
}

class RowValue extends Mapped {
  constructor(names: readonly string[], items: readonly Value[]) {
    super('Row', names, items);
  }
}

class ColumnValue extends Mapped {
  readonly name: string;
  readonly dataType: string;
  constructor(name: string, items: readonly Value[], dataType: string) {
    super('Column', [], items);
    this.name = name;
    this.dataType = dataType;
  }
  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'name':
        return this.name;
      case 'data_type':
        return new TypeValue(this.dataType);
      case 'values_distinct':
        return new Fn(name, () => {
          const seen = new Map(this.items.map((item) => [keyOf(item), item] as const));
          return new Tuple([...seen.values()]);
        });
      case 'values_without_nulls':
        return new Fn(name, () => new Tuple(this.items.filter((item) => item !== null)));
      case 'values_sorted':
        return new Fn(name, () => new Tuple(this.items.filter((item) => item !== null).sort(order)));
      default:
        return super.attribute(name);
    }
  }
  override print(): string {
    return formatPercent('<agate.Column: (%s)>', this.items.map(str).join(', '));
  }
}
