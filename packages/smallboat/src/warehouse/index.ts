export { openErrors, openWarehouse } from './open-warehouse.ts';
export type { OpenOptions } from './open-warehouse.ts';
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
  Values,
  Warehouse,
} from './warehouse.ts';
