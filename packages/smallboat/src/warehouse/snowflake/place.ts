import type { ConnectionOptions } from 'snowflake-sdk';

/** Where it is and how to get there. */
export interface SnowflakePlace {
  /** For messages, without secrets. */
  readonly location: string;
  readonly options: ConnectionOptions;
  readonly settings: readonly string[];
  /** What no error may show. */
  readonly secrets: readonly string[];
  readonly waitSeconds: number;
}
