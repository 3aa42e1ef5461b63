import type { Cell } from '../../warehouse/index.ts';
import type { Aggregate, Sql } from '../dialect/sql.ts';
import { familyOf } from '../dialect/type-family.ts';
import type { Measured } from '../kind.ts';

/** The standard deviation of a sample: what to measure, and the value in it. */
export interface Deviation {
  readonly measures: Readonly<Record<string, Aggregate>>;
  /** Null for fewer than two values, and where one of them is infinite or no number. */
  readonly read: (measured: Measured) => Cell;
}

/** The standard deviation of a column of numbers of type `type`. */
export function deviation(value: string, type: string, sql: Sql): Deviation {
  const call = (of: string): string => `stddev_samp(${of})`;
  const { finite } = sql;
  if (finite === undefined || familyOf(type) !== 'float') {
    return { measures: { deviation: { of: value, call } }, read: ({ deviation: found = null }) => found };
  }
  const count = (of: string): string => `count(${of})`;
  return {
    measures: {
      deviation: { of: finite(value), call },
      values: { of: value, call: count },
      finite: { of: finite(value), call: count },
    },
    read: ({ deviation: found = null, values, finite }) => (values === finite ? found : null),
  };
}
