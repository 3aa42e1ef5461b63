import type { Arguments, Value } from '../jinja/value.ts';
import { Dict, Fn, PyError, PyObject, numberOf, str } from '../jinja/value.ts';
import type { AdapterDescription } from './adapter.ts';

const PARTS = ['database', 'schema', 'identifier'] as const;
type Part = (typeof PARTS)[number];
type Policy = Readonly<Record<Part, boolean>>;

export interface EventTimeFilter {
  /** A column, quoted as needed. */
  readonly field: string;
  /** As text that the warehouse reads as a time; undefined: open on that side. */
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** What makes up a relation. */
export interface RelationPlace {
  readonly database?: string | null | undefined;
  readonly schema?: string | null | undefined;
  readonly identifier?: string | null | undefined;
  /** `table`, `view`, `cte`, `materialized_view`, `external`, `function`; undefined where nobody knows. */
  readonly type?: string | undefined;
  readonly quotes?: Policy;
  readonly includes?: Policy;
  /** At most so many rows are read of it; 0 for `--empty`. */
  readonly limit?: number | undefined;
  readonly eventTime?: EventTimeFilter | undefined;
  /** What stands for it in SQL, where it is no relation of the warehouse: `read_csv('…')`. */
  readonly external?: string | undefined;
  readonly view?: string | undefined;
}

const ALL: Policy = { database: true, schema: true, identifier: true };

const TYPE_NAMES: Readonly<Record<string, string>> = {
  Table: 'table',
  View: 'view',
  CTE: 'cte',
  MaterializedView: 'materialized_view',
  External: 'external',
  PointerTable: 'pointer',
  Function: 'function',
  DynamicTable: 'dynamic_table',
};

/** A table or view as templates see it: prints as `"database"."schema"."name"`. */
export class Relation extends PyObject {
  readonly adapter: AdapterDescription;
  readonly place: RelationPlace;

  constructor(adapter: AdapterDescription, place: RelationPlace) {
    super();
    this.adapter = adapter;
    this.place = place;
    const { maxIdentifierLength: longest } = adapter;
    const name = place.identifier ?? '';
    if (longest !== undefined && place.type !== undefined && name.length > longest)
      throw new PyError(`Relation name '${name}' is longer than ${longest} characters`);
  }

  override readonly isMapping = true;

  get type(): string {
    return 'Relation';
  }
  get database(): string | null {
    return this.place.database ?? null;
  }
  get schema(): string | null {
    return this.place.schema ?? null;
  }
  get identifier(): string {
    return this.place.identifier ?? '';
  }
  get relationType(): string | undefined {
    return this.place.type;
  }

  with(change: Partial<RelationPlace>): Relation {
    return new Relation(this.adapter, { ...this.place, ...change });
  }

  /** Its name in SQL, without what `--empty` and filters put around it. */
  render(): string {
    const { place, adapter } = this;
    if (place.external !== undefined) return place.external;
    const quotes = place.quotes ?? adapter.quotes;
    const includes = place.includes ?? ALL;
    const parts = PARTS.flatMap((part) => {
      const value = place[part];
      if (value === undefined || value === null || !includes[part]) return [];
      return [quotes[part] ? this.quoted(value) : value];
    });
    return [...parts, ...(place.view === undefined ? [] : [place.view])].join('.');
  }

  print(): string {
    const { limit, eventTime, type } = this.place;
    if (type === 'function') return this.render();
    const alias = (what: string): string => (this.adapter.requireAlias ? ` _dbt_${what}_subq_${this.identifier}` : '');
    let text = this.render();
    if (limit !== undefined) {
      const rows = limit === 0 ? 'where false limit 0' : `limit ${limit}`;
      text = `(select * from ${text} ${rows})${alias('limit')}`;
    }
    const filter = eventTime && conditionOf(eventTime);
    return filter ? `(select * from ${text} where ${filter})${alias('et_filter')}` : text;
  }

  quoted(name: string): string {
    const mark = this.adapter.quoteCharacter;
    return `${mark}${name}${mark}`;
  }

  override attribute(name: string): Value | undefined {
    if (name.startsWith('is_')) return this.isAttribute(name.slice(3));
    const typeName = TYPE_NAMES[name];
    if (typeName !== undefined) return typeName;
    const { place } = this;
    switch (name) {
      case 'database':
        return this.database;
      case 'schema':
        return this.schema;
      case 'identifier':
      case 'name':
      case 'table':
        return place.identifier ?? null;
      case 'type':
        return place.type ?? null;
      case 'limit':
        return place.limit ?? null;
      case 'path':
      case 'quote_policy':
      case 'include_policy':
        return this.policyValue(name);
      case 'quote_character':
        return this.adapter.quoteCharacter;
      case 'can_be_renamed':
        return this.adapter.renameable.includes(place.type ?? '');
      case 'can_be_replaced':
        return this.adapter.replaceable.includes(place.type ?? '');
      case 'external':
        return place.external ?? null;
      default: {
        const method = METHODS[name];
        return method && new Fn(name, (given) => method(this, given));
      }
    }
  }

  private isAttribute(kind: string): Value | undefined {
    const types: Readonly<Record<string, string>> = { pointer: 'pointer', function: 'function' };
    const wanted = types[kind] ?? kind;
    return ['table', 'view', 'cte', 'materialized_view', 'pointer', 'function', 'dynamic_table', 'external'].includes(
      wanted,
    )
      ? this.place.type === wanted
      : undefined;
  }

  private policyValue(name: 'path' | 'quote_policy' | 'include_policy'): Dict {
    const { place } = this;
    const values =
      name === 'path'
        ? place
        : name === 'quote_policy'
          ? (place.quotes ?? this.adapter.quotes)
          : (place.includes ?? ALL);
    return new Dict(PARTS.map((part) => [part, values[part] ?? null] as const));
  }

  /** What `==` in templates compares. */
  override equals(other: Value): boolean {
    return other instanceof Relation && other.render() === this.render() && other.place.type === this.place.type;
  }
}

function conditionOf({ field, start, end }: EventTimeFilter): string {
  const parts: string[] = [];
  if (start !== undefined) parts.push(`${field} >= '${start}'`);
  if (end !== undefined) parts.push(`${field} < '${end}'`);
  return parts.join(' and ');
}

type Method = (self: Relation, given: Arguments) => Value;

function textOr(value: Value | undefined, otherwise: string | null | undefined): string | null | undefined {
  if (value === undefined) return otherwise;
  return value === null ? null : str(value);
}

function policyFrom(value: Value | undefined, otherwise: Policy): Policy {
  if (!(value instanceof Dict)) return otherwise;
  const part = (name: Part): boolean => {
    const given = value.get(name);
    return given === undefined || given === null ? otherwise[name] : given === true;
  };
  return { database: part('database'), schema: part('schema'), identifier: part('identifier') };
}

function changed(policy: Policy, named: ReadonlyMap<string, Value>): Policy {
  const part = (name: Part): boolean => {
    const given = named.get(name);
    return given === undefined || given === null ? policy[name] : given === true;
  };
  return { database: part('database'), schema: part('schema'), identifier: part('identifier') };
}

const METHODS: Readonly<Record<string, Method>> = {
  render: (self) => self.render(),
  relation_max_name_length: (self) => self.adapter.maxIdentifierLength ?? null,
  render_limited: (self) => self.with({ eventTime: undefined }).print(),
  include: (self, { named }) => self.with({ includes: changed(self.place.includes ?? ALL, named) }),
  quote: (self, { named }) => self.with({ quotes: changed(self.place.quotes ?? self.adapter.quotes, named) }),
  quoted: (self, { positional: [name = ''] }) => self.quoted(str(name)),
  without_identifier: (self) => self.with({ includes: { ...(self.place.includes ?? ALL), identifier: false } }),
  replace_path: (self, { named }) =>
    self.with({
      database: textOr(named.get('database'), self.place.database),
      schema: textOr(named.get('schema'), self.place.schema),
      identifier: textOr(named.get('identifier'), self.place.identifier),
    }),
  incorporate: (self, { named }) => {
    const path = named.get('path');
    const type = named.get('type');
    const part = (name: Part): string | null | undefined =>
      textOr(path instanceof Dict ? path.get(name) : undefined, self.place[name]);
    return self.with({
      database: part('database'),
      schema: part('schema'),
      identifier: part('identifier'),
      type: type === undefined ? self.place.type : type === null ? undefined : str(type),
      quotes: policyFrom(named.get('quote_policy'), self.place.quotes ?? self.adapter.quotes),
      includes: policyFrom(named.get('include_policy'), self.place.includes ?? ALL),
    });
  },
  matches: (self, { positional, named }) =>
    PARTS.every((part, i) => {
      const given = positional[i] ?? named.get(part) ?? null;
      return given === null || str(given).toLowerCase() === (self.place[part] ?? '').toLowerCase();
    }),
  information_schema: (self, { positional: [view = null] }) => informationSchema(self, view),
  information_schema_only: (self) => informationSchema(self, null),
  // Packages tell a relation from a text by its metadata.
  get: (self, { positional: [name = '', otherwise = null] }) =>
    name === 'metadata' ? new Dict([['type', self.adapter.relationClass]]) : (self.attribute(str(name)) ?? otherwise),
  add_ephemeral_prefix: (_self, { positional: [name = ''] }) => `__dbt__cte__${str(name)}`,
  create_from_source: (self, { positional: [source] }) => {
    if (!(source instanceof Dict)) throw new PyError('create_from_source takes a source');
    const part = (name: string): string | null => textOr(source.get(name), null) ?? null;
    return self.with({ database: part('database'), schema: part('schema'), identifier: part('identifier') });
  },
};

/** The information schema of the database that a relation is in. */
export function informationSchema(self: Relation, view: Value): Relation {
  const quotes = self.place.quotes ?? self.adapter.quotes;
  return new Relation(self.adapter, {
    database: self.place.database,
    schema: self.place.schema,
    identifier: 'INFORMATION_SCHEMA',
    type: 'view',
    includes: {
      database: self.place.database !== null && self.place.database !== undefined,
      schema: false,
      identifier: true,
    },
    quotes: { ...quotes, identifier: false },
    view: view === null ? undefined : str(view),
  });
}

/** `api.Relation.create(…)`, `adapter.Relation.create(…)`. */
export function createRelation(
  adapter: AdapterDescription,
  { positional, named }: Arguments,
  quoting: Policy,
): Relation {
  const part = (name: Part | 'type', i: number): string | undefined => {
    const value = positional[i] ?? named.get(name) ?? null;
    return value === null ? undefined : str(value);
  };
  const limit = numberOf(named.get('limit') ?? null);
  return new Relation(adapter, {
    database: part('database', 0),
    schema: part('schema', 1),
    identifier: part('identifier', 2),
    type: part('type', 3),
    quotes: policyFrom(named.get('quote_policy'), quoting),
    includes: policyFrom(named.get('include_policy'), ALL),
    limit: limit === undefined ? undefined : Number(limit),
  });
}
