import type { Warehouse } from './warehouse.ts';

/** Runs `work` in a transaction: committed when it resolves, undone when it rejects. Snowflake commits by itself at every CREATE, DROP or ALTER. */
export async function inTransaction<T>(warehouse: Warehouse, work: () => Promise<T>): Promise<T> {
  await warehouse.execute('BEGIN');
  try {
    const result = await work();
    await warehouse.execute('COMMIT');
    return result;
  } catch (error) {
    // Where the failure has ended the transaction there is nothing to roll back, which some say by another error.
    await warehouse.execute('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
