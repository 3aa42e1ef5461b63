export { append, batchOfRows } from './append.ts';
export type { AppendOptions } from './append.ts';
export { factsOf } from './dialect.ts';
export type { DialectFacts } from './dialect.ts';
export { ingest } from './ingest.ts';
export type { IngestOptions, IngestReport, IngestedFile } from './ingest.ts';
export { ingestErrors } from './ingest-errors.ts';
export { openErrors } from './open-errors.ts';
export { openWarehouse } from './open-warehouse.ts';
export type { OpenOptions } from './open-warehouse.ts';
export type { DuckDbPlace, WarehousePlace } from './place.ts';
export type { PostgresOptions, SslMode } from './postgres/postgres.ts';
export type { RawColumn, RawKind, RawSource, RawTable } from './raw-table.ts';
export { publishTable, replaceTable } from './replace-table.ts';
export type { ReplaceOptions } from './replace-table.ts';
export type { RedshiftOptions } from './redshift/redshift.ts';
export type { RedshiftStage } from './redshift/stage.ts';
export type { SnowflakeOptions } from './snowflake/snowflake.ts';
export { firstWords, splitStatements } from './sql-scan.ts';
export { nameIn, partsOf, quoteName, quoteText, shortSql } from './sql-text.ts';
export { inTransaction } from './transaction.ts';
export { warehouseErrors } from './warehouse.ts';
export type {
  Batch,
  Cell,
  ColumnType,
  ColumnVector,
  CsvFiles,
  Dialect,
  Parameter,
  Position,
  Relation,
  Row,
  StatementOptions,
  Table,
  Values,
  Warehouse,
} from './warehouse.ts';
