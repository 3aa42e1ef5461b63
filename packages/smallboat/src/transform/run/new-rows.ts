import { quoteText, warehouseErrors } from '../../warehouse/index.ts';
import { sha256 } from '../../kernel/index.ts';
import type { Session } from '../adapter/session.ts';
import type { SqlNode } from '../manifest/node.ts';
import { isSqlNode } from '../manifest/node.ts';
import { recordOf, textOf } from '../project/plain.ts';
import type { Compiler } from './compiler.ts';
import { readRelation } from './read-relation.ts';

/** The table that remembers up to where tests have passed, beside the model that they are of. */
const MARKS = 'smallboat_tested_until';

/** The column whose values grow with each load, for a test of new rows only: `meta: { smallboat: { only_new: loaded_at } }`. dbt passes over it. */
export function newnessColumn({ config, test_metadata: metadata }: SqlNode): string | undefined {
  return metadata ? textOf(recordOf(recordOf(config['meta'])['smallboat'])['only_new']) : undefined;
}

/** What a test of new rows only has to do around its own work. */
export interface NewRows {
  /** Compiles the test so that it reads new rows only. */
  only<T>(compile: () => Promise<T>): Promise<T>;
  /** To be called when the test has run: where it passed, rows up to now are not read again. */
  settle(hasPassed: boolean): Promise<void>;
}

/**
 * The rows that a test has not yet passed on: those whose column is not below the largest value of the last time. Rows of that
 * very value are read again, since others may have come with it. All rows are read the first time, with `--full-refresh`, and after a change of
 * the model's text or the test's configuration. A test that does not pass reads the same rows the next time.
 *
 * @returns undefined for a test that reads all rows.
 */
export async function newRowsOf(compiler: Compiler, session: Session, test: SqlNode): Promise<NewRows | undefined> {
  const column = newnessColumn(test);
  const { invocation } = compiler.options;
  const { flags, manifest } = invocation;
  if (column === undefined || flags.isEmpty || flags.sample) return undefined;
  const id = test.attached_node ?? test.depends_on.nodes[0] ?? '';
  const tested = manifest.get(id);
  const relation = await readRelation(compiler, session, { reader: test, id });
  if (!tested || relation === undefined) return undefined;
  const isModel = isSqlNode(tested);
  const version = sha256(
    JSON.stringify([isModel ? tested.checksum.checksum : '', column, test.config['where'] ?? '']),
  ).slice(0, 16);
  const home = compiler.relationOf(isModel ? tested : test);
  const marks = home
    .with({ identifier: MARKS, type: 'table', ...(isModel ? {} : { schema: invocation.target.schema }) })
    .render();
  const key = `test_id = ${quoteText(test.unique_id)}`;
  const known = flags.fullRefresh ? undefined : await markOf(session, marks, `${key} and version = '${version}'`);
  const { until, type } = await largest(session, column, relation);
  await session.rollback(); // what was only read
  return {
    async only(compile) {
      const own = textOf(test.config['where']) ?? '';
      if (known === undefined) return compile();
      const fresh = `${column} >= cast(${quoteText(known)} as ${type})`;
      const before = test.config['where'];
      test.config['where'] = own === '' ? fresh : `(${own}) and ${fresh}`;
      try {
        return await compile();
      } finally {
        test.config['where'] = before;
      }
    },
    async settle(hasPassed) {
      // What did not pass reads the same rows the next time; where that were all of them, a former mark must go.
      if (hasPassed ? until === known : !flags.fullRefresh) return;
      await makeMarks(session, marks);
      await session.begin();
      await session.ask(`delete from ${marks} where ${key}`);
      if (hasPassed && until !== null) {
        const values = [test.unique_id, version, until].map(quoteText).join(', ');
        await session.ask(`insert into ${marks} values (${values})`);
      }
      await session.commit();
    },
  };
}

/** Two tests may make it at once: PostgreSQL then lets one of them fail. */
async function makeMarks(session: Session, marks: string): Promise<void> {
  const sql = `create table if not exists ${marks} (test_id varchar(1000), version varchar(64), tested_until varchar(200))`;
  try {
    await session.ask(sql);
  } catch (error) {
    if (!warehouseErrors.STATEMENT_FAILED.is(error)) throw error;
    await session.rollback();
    await session.ask(sql);
  }
}

/** Up to where the test has passed; undefined where it has not, or the table is not there. */
async function markOf(session: Session, marks: string, where: string): Promise<string | undefined> {
  try {
    const { table } = await session.ask(`select tested_until from ${marks} where ${where}`, { isRead: true });
    const value = table.rows[0]?.[0];
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (!warehouseErrors.STATEMENT_FAILED.is(error)) throw error;
    await session.rollback();
    return undefined;
  }
}

/** The largest value of a column now, as text, and its type in the warehouse's words. */
async function largest(
  session: Session,
  column: string,
  relation: string,
): Promise<{ readonly until: string | null; readonly type: string }> {
  const sql = `select max(${column}) as largest, cast(max(${column}) as varchar(200)) as as_text from ${relation}`;
  const { table } = await session.ask(sql, { isRead: true });
  const text = table.rows[0]?.[1];
  return { until: typeof text === 'string' ? text : null, type: table.columns[0]?.type ?? 'varchar(200)' };
}
