/**
 * All that differs from warehouse to warehouse, beside the macros of `macros/<type>/`: how names are quoted, what types are
 * called, what a relation may do. One description an adapter, in a file of its own.
 */
export interface AdapterDescription {
  /** As in profiles.yml: `duckdb`. */
  readonly type: string;
  /** What `adapter.dispatch` looks for, the most special first: `['duckdb', 'default']`. */
  readonly prefixes: readonly string[];
  /** Folders of `macros/` and the packages they are, the most special first. */
  readonly macroPackages: readonly { readonly folder: string; readonly name: string }[];
  /** The name that templates see as the type of a relation: `DuckDBRelation`. */
  readonly relationClass: string;
  readonly quoteCharacter: string;
  readonly quotes: { readonly database: boolean; readonly schema: boolean; readonly identifier: boolean };
  /** Subqueries must have an alias. */
  readonly requireAlias: boolean;
  /** Names without quotes are stored in capitals. */
  readonly foldsToUpper: boolean;
  readonly dateFunction: string;
  readonly types: SeedTypes;
  /** A type for texts of seeds of so many bytes, where `types.text` is not made for all. */
  readonly sizedText?: (bytes: number) => string;
  /** What a text without a length holds, in characters. Default 256. */
  readonly longestText?: number;
  readonly columns: ColumnTypes;
  /** dbt's names of types in contracts that the warehouse calls otherwise. */
  readonly typeAliases: Readonly<Record<string, string>>;
  readonly constraints: Readonly<Record<ConstraintKind, ConstraintSupport>>;
  readonly incrementalStrategies: readonly string[];
  readonly renameable: readonly string[];
  readonly replaceable: readonly string[];
  readonly hasMaterializedViews: boolean;
  /** The longest name of a relation, in characters; undefined where none is too long in practice. */
  readonly maxIdentifierLength?: number;
  /** `text` and `character varying` without a length are written so, not as `character varying(256)`. */
  readonly keepsTextTypes?: boolean;
  /**
   * `implicit`: the first statement begins a transaction, as the driver of dbt's adapter does; after a commit each statement is its own.
   * `none`: only those that a macro writes out. */
  readonly transactions: 'explicit' | 'implicit' | 'none';
  /** Drops the temporary tables of a session, which lives longer here than in dbt, that connects anew for each node. */
  readonly discardsTemporary?: string;
  /** What reads a relation is dropped with it. */
  readonly dropsCascade: boolean;
  /** What dbt's adapter says of a statement. */
  readonly responseOf: (sql: string, rows: number | undefined) => Response;
}

export type ConstraintKind = 'check' | 'not_null' | 'unique' | 'primary_key' | 'foreign_key';
export type ConstraintSupport = 'enforced' | 'not_enforced' | 'not_supported';

/** The types of columns of seeds. */
export interface SeedTypes {
  readonly text: string;
  readonly integer: string;
  readonly number: string;
  readonly boolean: string;
  readonly date: string;
  readonly datetime: string;
  readonly time: string;
}

/** Which types, in lower case and without their sizes, are what. */
export interface ColumnTypes {
  readonly string: readonly string[];
  readonly integer: readonly string[];
  readonly float: readonly string[];
  readonly numeric: readonly string[];
}

/** A statement's outcome in the words of dbt's adapter. */
export interface Response {
  /** `OK`, `INSERT 0 3`. */
  readonly message: string;
  readonly code: string;
  /** Undefined where the adapter does not say. */
  readonly rowsAffected: number | undefined;
}
