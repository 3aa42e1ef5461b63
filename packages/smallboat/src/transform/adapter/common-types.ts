import type { ConstraintKind, ConstraintSupport, SeedTypes } from './adapter.ts';

/** What dbt's SQL adapters call the types of seeds, where a warehouse has no names of its own. */
export const SEED_TYPES: SeedTypes = {
  text: 'text',
  integer: 'integer',
  number: 'float8',
  boolean: 'boolean',
  date: 'date',
  datetime: 'timestamp without time zone',
  time: 'time',
};

/** Texts in the standard's words. */
export const TEXT_TYPES: readonly string[] = ['text', 'character varying', 'character', 'varchar'];

type Constraints = Readonly<Record<ConstraintKind, ConstraintSupport>>;

/** A database that holds rows to all that a table promises. */
export const ALL_ENFORCED: Constraints = {
  check: 'enforced',
  not_null: 'enforced',
  unique: 'enforced',
  primary_key: 'enforced',
  foreign_key: 'enforced',
};

/** A warehouse that takes keys for hints, and holds rows to `not null` alone. */
export const KEYS_AS_HINTS: Constraints = {
  check: 'not_supported',
  not_null: 'enforced',
  unique: 'not_enforced',
  primary_key: 'not_enforced',
  foreign_key: 'not_enforced',
};
