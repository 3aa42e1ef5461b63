import type { Warehouse } from 'smallboat/warehouse';
import { openWarehouse } from 'smallboat/warehouse';

/** Tables travel between steps as where they are, not as what is in them. */
export interface Tables {
  /** URL of the warehouse that holds them. */
  readonly warehouse: string;
  /** Absolute: where the pipeline keeps everything else. */
  readonly home: string;
  /** Memory that the warehouse may take before it spills to disk; 0 for its own choice, by the machine. */
  readonly memoryLimitMiB: number;
}

/** Opens the warehouse that the tables are in. The caller closes it. */
export function openTables({ warehouse, memoryLimitMiB }: Tables, signal: AbortSignal): Promise<Warehouse> {
  return openWarehouse(warehouse, { signal, waitSeconds: 60, ...(memoryLimitMiB > 0 ? { memoryLimitMiB } : {}) });
}
