import type { Dialect } from './warehouse.ts';

/** How a dialect says what others say in another way: for SQL that is made here. dbt models have dispatched macros for it. */
export interface DialectFacts {
  /** Names of types. */
  readonly types: {
    readonly text: string;
    readonly integer: string;
    readonly bigint: string;
    readonly double: string;
    readonly boolean: string;
    readonly date: string;
    readonly timestamp: string;
    readonly timestampTz: string;
    /** JSON, JSONB, SUPER, VARIANT. */
    readonly json: string;
  };
  /** SQL for JSON out of SQL that gives its text. */
  readonly json: (text: string) => string;
  /** SQL for a timestamp without a zone as whole milliseconds since 1970, out of SQL that gives the timestamp. */
  readonly epochMs: (timestamp: string) => string;
  /** Whether CREATE, DROP and ALTER can be rolled back. Where not, each of them commits. */
  readonly transactionalDdl: boolean;
  /** What names without quotes become. */
  readonly folds: 'lower' | 'upper' | 'not';
}

const common = {
  integer: 'INTEGER',
  bigint: 'BIGINT',
  double: 'DOUBLE PRECISION',
  boolean: 'BOOLEAN',
  date: 'DATE',
} as const;

const FACTS: Readonly<Record<Dialect, DialectFacts>> = {
  duckdb: {
    types: { ...common, text: 'VARCHAR', timestamp: 'TIMESTAMP', timestampTz: 'TIMESTAMPTZ', json: 'JSON' },
    json: (text) => `CAST(${text} AS JSON)`,
    epochMs: (timestamp) => `epoch_ms(${timestamp})`,
    transactionalDdl: true,
    folds: 'not',
  },
  postgres: {
    types: { ...common, text: 'TEXT', timestamp: 'TIMESTAMP', timestampTz: 'TIMESTAMPTZ', json: 'JSONB' },
    json: (text) => `CAST(${text} AS JSONB)`,
    epochMs: (timestamp) => `CAST(floor(extract(epoch from ${timestamp}) * 1000) AS BIGINT)`,
    transactionalDdl: true,
    folds: 'lower',
  },
  redshift: {
    // VARCHAR alone has 256 bytes there.
    types: { ...common, text: 'VARCHAR(65535)', timestamp: 'TIMESTAMP', timestampTz: 'TIMESTAMPTZ', json: 'SUPER' },
    json: (text) => `JSON_PARSE(${text})`,
    // Its EXTRACT(EPOCH …) has whole seconds only.
    epochMs: (timestamp) => `datediff(millisecond, timestamp '1970-01-01 00:00:00', ${timestamp})`,
    transactionalDdl: true,
    folds: 'lower',
  },
  snowflake: {
    types: { ...common, text: 'VARCHAR', timestamp: 'TIMESTAMP_NTZ', timestampTz: 'TIMESTAMP_TZ', json: 'VARIANT' },
    json: (text) => `PARSE_JSON(${text})`,
    epochMs: (timestamp) => `date_part(epoch_millisecond, ${timestamp})`,
    transactionalDdl: false,
    folds: 'upper',
  },
};

/** The facts of a dialect. */
export function factsOf(dialect: Dialect): DialectFacts {
  return FACTS[dialect];
}
