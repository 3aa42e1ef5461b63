/**
 * What a column of a raw file holds.
 *
 * - `text`: anything; an empty one stays empty (`''`) in JSON and is NULL in a column of its own.
 * - `epochMs`: milliseconds since 1970 as an integer, from the years 2000 to 2099. In Parquet also a timestamp.
 * - `list`: a JSON array, or a list as Python prints it (`['a', 'b']`); empty is null. In Parquet also a list, in JSON an array.
 */
export type RawKind = 'text' | 'epochMs' | 'list';

/** A column of a raw file. Columns are found by name: their order is free, and others beside them are left alone. */
export interface RawColumn {
  readonly name: string;
  readonly kind: RawKind;
}

/** Where a column of the table comes from. */
export type RawSource =
  /** One column of the file: TEXT for `text`, TIMESTAMP (UTC) for `epochMs`, JSON for `list`. */
  | { readonly kind: 'column'; readonly column: string }
  /** Several columns of the file as one JSON object, its keys in this order and always all there. */
  | { readonly kind: 'json'; readonly columns: readonly string[] }
  /** The same text in each row. */
  | { readonly kind: 'constant'; readonly value: string }
  /** When the row was loaded: TIMESTAMP (UTC). */
  | { readonly kind: 'loadedAt' };

/** A raw file, the table it goes to, and how a row of the one becomes a row of the other. Plain data. */
export interface RawTable {
  /** Name of the file without its ending (`.csv`, `.jsonl`, `.ndjson`, each also with `.gz`, and `.parquet`), or of a folder of such files. */
  readonly file: string;
  readonly table: string;
  readonly source: readonly RawColumn[];
  readonly columns: readonly { readonly name: string; readonly from: RawSource }[];
  /** How a warehouse that asks for it lays the rows out; others ignore it. By columns of the table. */
  readonly layout?: RawLayout;
}

export interface RawLayout {
  /** Redshift: DISTKEY, so that rows of one value are on one node. */
  readonly distributeBy?: string;
  /** Redshift: COMPOUND SORTKEY. Snowflake: CLUSTER BY. */
  readonly sortBy?: readonly string[];
}

/** The earliest and the latest time that is taken for a time of an event: years 2000 to 2099, in ms. */
export const EPOCH_MS_RANGE = [946_684_800_000, 4_102_444_799_999] as const;
