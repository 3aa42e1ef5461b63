import { afterAll, beforeAll } from 'vitest';
import { warehouseContract } from '../packages/smallboat/src/warehouse/contract.ts';
import { openWarehouse } from '../packages/smallboat/src/warehouse/index.ts';
import type { PostgresServer } from './postgres.ts';
import { startPostgres } from './postgres.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const create = async () => openWarehouse(`${server.url}/${await server.database()}`, { env: server.env });

warehouseContract({ name: 'postgres', create });
