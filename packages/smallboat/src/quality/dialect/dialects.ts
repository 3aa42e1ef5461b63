import { duckdbSql } from './duckdb.ts';
import { postgresSql } from './postgres.ts';
import { redshiftSql } from './redshift.ts';
import { snowflakeSql } from './snowflake.ts';
import type { Sql } from './sql.ts';

const DIALECTS: Readonly<Record<string, Sql>> = {
  duckdb: duckdbSql,
  postgres: postgresSql,
  redshift: redshiftSql,
  snowflake: snowflakeSql,
};

/** The SQL of a warehouse, by `Warehouse.dialect`. An adapter whose dialect is not known here speaks PostgreSQL's, most likely. */
export function sqlOf(dialect: string): Sql {
  return DIALECTS[dialect] ?? postgresSql;
}
