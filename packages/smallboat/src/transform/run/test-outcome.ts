import type { StatementOptions, Warehouse } from '../../warehouse/index.ts';
import type { Test } from '../project/project.ts';
import type { NodeStatus } from './results.ts';

const PLAIN = /^\s*(=|==|!=|<>|<=|>=|<|>)\s*(-?\d+)\s*$/;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** Whether a number of failures fits a condition such as `!= 0` or `between 1 and 10`. */
async function fits(
  failures: number,
  condition: string,
  { warehouse, options }: { readonly warehouse: Warehouse; readonly options: StatementOptions },
): Promise<boolean> {
  const plain = PLAIN.exec(condition);
  if (plain === null) {
    const [row] = await warehouse.query<{ fits: boolean }>(`select (${failures} ${condition}) as fits`, options);
    return row?.fits === true;
  }
  const [, operator = '=', limit = '0'] = plain;
  return COMPARE[operator]?.(failures, Number(limit)) ?? false;
}

export interface Outcome {
  readonly status: Extract<NodeStatus, 'pass' | 'fail' | 'warn'>;
  readonly message: string;
}

/** A test's status by its failures, its severity and its conditions, in dbt's words. */
export async function outcomeOf(
  test: Test,
  failures: number,
  asking: { readonly warehouse: Warehouse; readonly options: StatementOptions },
): Promise<Outcome> {
  const { severity, errorIf, warnIf } = test.config;
  const got = `Got ${failures} result${failures === 1 ? '' : 's'}`;
  if (severity === 'error' && (await fits(failures, errorIf, asking))) {
    return { status: 'fail', message: `${got}, configured to fail if ${errorIf}` };
  }
  if (await fits(failures, warnIf, asking))
    return { status: 'warn', message: `${got}, configured to warn if ${warnIf}` };
  return { status: 'pass', message: '' };
}
