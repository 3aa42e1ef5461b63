import type { Row, Warehouse } from '../../packages/smallboat/src/warehouse/index.ts';

/** A time of this run: of the last hour, or within a minute to come. */
function isNow(text: string, now: number): boolean {
  const at = Date.parse(/[zZ]|[+-]\d\d(:?\d\d)?$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);
  return at > now - 3_600_000 && at < now + 60_000;
}

/** What a check snapshot makes of the time of the run. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['dbt_scd_id', 'scd_id']);

/** All rows of all tables and views of a warehouse, in one order, by relation; times of now and keys made of them as one word. */
export async function everyRow(warehouse: Warehouse, now: Date = new Date()): Promise<Record<string, readonly Row[]>> {
  const relations = await warehouse.query<{ schema: string; name: string }>(
    `select table_schema as schema, table_name as name from information_schema.tables
     where table_schema not in ('information_schema', 'pg_catalog') order by 1, 2`,
  );
  const rows: Record<string, readonly Row[]> = {};
  for (const { schema, name } of relations) {
    const found = await warehouse.query(`select * from "${schema}"."${name}"`);
    rows[`${schema}.${name}`] = found
      .map((row) => plain(row, now.getTime()))
      .map((row) => [JSON.stringify(row), row] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, row]) => row);
  }
  return rows;
}

function plain(row: Row, now: number): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (OF_THE_RUN.has(name)) return [name, typeof value];
      if (value instanceof Date) return [name, isNow(value.toISOString(), now) ? 'now' : value.toISOString()];
      if (typeof value === 'bigint') return [name, String(value)];
      return [
        name,
        typeof value === 'string' && /^\d{4}-\d\d-\d\d[ T]\d\d:/.test(value) && isNow(value, now) ? 'now' : value,
      ];
    }),
  );
}
