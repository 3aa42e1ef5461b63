import { textOf } from '../project/plain.ts';
import type { ColumnType } from '../../warehouse/index.ts';
import type { AdapterDescription } from '../adapter/adapter.ts';
import type { Session } from '../adapter/session.ts';

/** The columns that a query would give: the warehouse says so without running it. */
export async function columnsOfStatement(
  session: Session,
  adapter: AdapterDescription,
  sql: string,
): Promise<readonly ColumnType[]> {
  if (adapter.type === 'duckdb') {
    const { table } = await session.ask(`describe (\n${sql}\n)`, { isRead: true });
    return table.rows.map(([name = '', type = '']) => ({ name: textOf(name) ?? '', type: textOf(type) ?? '' }));
  }
  const { table } = await session.ask(sql, { isRead: true });
  return table.columns;
}
