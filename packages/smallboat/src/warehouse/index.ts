export { ingest } from './ingest.ts';
export type { IngestOptions, IngestReport, IngestedFile } from './ingest.ts';
export { ingestErrors } from './ingest-errors.ts';
export { openErrors, openWarehouse } from './open-warehouse.ts';
export type { OpenOptions } from './open-warehouse.ts';
export type { RawColumn, RawKind, RawSource, RawTable } from './raw-table.ts';
export { quoteName, quoteText, shortSql } from './sql-text.ts';
export { warehouseErrors } from './warehouse.ts';
export type {
  Batch,
  Cell,
  ColumnType,
  ColumnVector,
  Dialect,
  Parameter,
  Row,
  StatementOptions,
  Table,
  Values,
  Warehouse,
} from './warehouse.ts';
