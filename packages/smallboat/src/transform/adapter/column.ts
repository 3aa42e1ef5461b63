import type { Arguments, Value } from '../jinja/value.ts';
import { Fn, PyObject, numberOf, str } from '../jinja/value.ts';
import type { AdapterDescription } from './adapter.ts';

export interface ColumnParts {
  readonly name: string;
  /** The type without its size: `character varying`. */
  readonly dtype: string;
  readonly charSize?: number | null | undefined;
  readonly precision?: number | null | undefined;
  readonly scale?: number | null | undefined;
}

/** A column of a relation, as `adapter.get_columns_in_relation` lists them. */
export class Column extends PyObject {
  readonly type = 'Column';
  readonly adapter: AdapterDescription;
  readonly parts: ColumnParts;

  constructor(adapter: AdapterDescription, parts: ColumnParts) {
    super();
    this.adapter = adapter;
    this.parts = parts;
  }

  get name(): string {
    return this.parts.name;
  }
  get quoted(): string {
    return `${this.adapter.quoteCharacter}${this.parts.name}${this.adapter.quoteCharacter}`;
  }

  is(kind: 'string' | 'integer' | 'float' | 'numeric'): boolean {
    return this.adapter.columns[kind].includes(this.parts.dtype.toLowerCase());
  }

  get isNumber(): boolean {
    return this.is('float') || this.is('integer') || this.is('numeric');
  }

  /** The type as it is written in SQL, with its size where it is known. */
  get dataType(): string {
    const { dtype, precision, scale, charSize } = this.parts;
    const isBare = /^text$/i.test(dtype) || (/^character varying$/i.test(dtype) && (charSize ?? null) === null);
    if (this.adapter.keepsTextTypes === true && isBare) return dtype;
    if (this.is('string')) return stringType(this.stringSize());
    if (this.is('numeric')) return numericType(dtype, precision, scale);
    return dtype;
  }

  stringSize(): number {
    const { dtype, charSize } = this.parts;
    const longest = this.adapter.longestText ?? 256;
    return dtype === 'text' || charSize === null || charSize === undefined ? longest : charSize;
  }

  override attribute(name: string): Value | undefined {
    const { parts } = this;
    switch (name) {
      case 'name':
      case 'column':
        return parts.name;
      case 'dtype':
        return parts.dtype;
      case 'data_type':
      case 'expanded_data_type':
        return this.dataType;
      case 'quoted':
        return this.quoted;
      case 'char_size':
        return parts.charSize ?? null;
      case 'numeric_precision':
        return parts.precision ?? null;
      case 'numeric_scale':
        return parts.scale ?? null;
      default: {
        const method = METHODS[name];
        return method && new Fn(name, (given) => method(this, given));
      }
    }
  }

  print(): string {
    return `<Column ${this.parts.name} (${this.dataType})>`;
  }
}

function stringType(size: number): string {
  return `character varying(${size})`;
}

function numericType(dtype: string, precision: number | null | undefined, scale: number | null | undefined): string {
  if (precision === null || precision === undefined || scale === null || scale === undefined) return dtype;
  return `${dtype}(${precision},${scale})`;
}

type Method = (self: Column, given: Arguments) => Value;
const whole = (value: Value | undefined): number | null => {
  const number = value === undefined ? undefined : numberOf(value);
  return number === undefined ? null : Number(number);
};

const METHODS: Readonly<Record<string, Method>> = {
  is_string: (self) => self.is('string'),
  is_number: (self) => self.isNumber,
  is_integer: (self) => self.is('integer'),
  is_float: (self) => self.is('float'),
  is_numeric: (self) => self.is('numeric'),
  string_size: (self) => self.stringSize(),
  string_type: (_self, { positional: [size] }) => stringType(whole(size) ?? 256),
  numeric_type: (_self, { positional: [dtype = 'numeric', precision, scale] }) =>
    numericType(str(dtype), whole(precision), whole(scale)),
  literal: (self, { positional: [value = null] }) => `${str(value)}::${self.dataType}`,
  can_expand_to: (self, { positional, named }) => {
    const other = positional[0] ?? named.get('other_column');
    if (!(other instanceof Column) || !self.is('string') || !other.is('string')) return false;
    return other.stringSize() > self.stringSize();
  },
  flatten: (self) => fieldsOf(self),
};

/** A struct's fields as columns of their own, the fields of fields too. */
function fieldsOf(column: Column): Column[] {
  const inner = /^struct\((.*)\)$/is.exec(column.parts.dtype)?.[1];
  if (inner === undefined) return [column];
  const fields: string[] = [''];
  let depth = 0;
  for (const c of inner) {
    if (c === '(') depth += 1;
    if (c === ')') depth -= 1;
    if (c === ',' && depth === 0) fields.push('');
    else fields[fields.length - 1] += c;
  }
  return fields.flatMap((field) => {
    const [, name = '', dtype = ''] = /^\s*(\S+)\s+(.*)$/s.exec(field) ?? [];
    return fieldsOf(new Column(column.adapter, { name: `${column.name}.${name}`, dtype: dtype.trim() }));
  });
}

/** A column from its type as the warehouse prints it: `DECIMAL(18,3)`, `VARCHAR`. */
export function columnFromType(adapter: AdapterDescription, name: string, type: string): Column {
  const [, dtype = type, inside] = /^([^([]+?)\s*(?:\(([^)]*)\))?$/.exec(type) ?? [];
  if (inside === undefined || !/^\s*\d/.test(inside)) return new Column(adapter, { name, dtype: type });
  const [first, second] = inside.split(',').map((one) => Number(one.trim()));
  const probe = new Column(adapter, { name, dtype });
  if (probe.is('string')) return new Column(adapter, { name, dtype, charSize: first });
  return new Column(adapter, { name, dtype, precision: first, scale: second ?? 0 });
}

/** `api.Column.create(name, dtype)`, `api.Column(name, dtype)` and the class's own functions. */
export function columnClass(adapter: AdapterDescription): Fn {
  const make = ({ positional, named }: Arguments): Value => {
    const name = str(positional[0] ?? named.get('name') ?? named.get('column') ?? '');
    const type = str(positional[1] ?? named.get('label_or_dtype') ?? named.get('dtype') ?? '');
    const size = positional[2] ?? named.get('char_size');
    if (size !== undefined && size !== null) return new Column(adapter, { name, dtype: type, charSize: whole(size) });
    return new Column(adapter, { name, dtype: adapter.typeAliases[type.toUpperCase()] ?? type });
  };
  return new Fn('Column', make, {
    create: new Fn('create', make),
    translate_type: new Fn('translate_type', ({ positional: [type = ''] }) => {
      const text = str(type);
      return adapter.typeAliases[text.toUpperCase()] ?? text;
    }),
    string_type: new Fn('string_type', ({ positional: [size] }) => stringType(whole(size) ?? 256)),
    numeric_type: new Fn('numeric_type', ({ positional: [dtype = 'numeric', precision, scale] }) =>
      numericType(str(dtype), whole(precision), whole(scale)),
    ),
  });
}
