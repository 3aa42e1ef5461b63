import type { Warehouse } from 'smallboat/warehouse';
import { openWarehouse } from 'smallboat/warehouse';

/** Tables travel between steps as where they are, not as what is in them. */
export interface Tables {
  /** URL of the warehouse that holds them. */
  readonly warehouse: string;
  /** Absolute: where the pipeline keeps everything else. */
  readonly home: string;
  readonly memoryLimitMiB: number;
}

/** Opens the warehouse that the tables are in. The caller closes it. */
export function openTables({ warehouse, memoryLimitMiB }: Tables, signal: AbortSignal): Promise<Warehouse> {
  return openWarehouse(warehouse, { memoryLimitMiB, signal, waitSeconds: 60 });
}
