import type { Row } from '../../warehouse/index.ts';

/** A row of which we named all columns: Snowflake gives names without quotes in capitals. */
export function aliased(row: Row): Row {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name.toLowerCase(), cell]));
}
