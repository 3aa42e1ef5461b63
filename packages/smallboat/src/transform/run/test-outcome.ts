import type { Invocation } from '../context/invocation.ts';
import type { SqlNode } from '../manifest/node.ts';
import { textOf } from '../project/plain.ts';

export interface TestCounts {
  readonly failures: number;
  readonly shouldWarn: boolean;
  readonly shouldError: boolean;
}

export interface Outcome {
  readonly status: 'pass' | 'fail' | 'warn';
  readonly message: string;
  readonly failures: number;
}

/** A test's status by its counts and its severity, in dbt's words. */
export function outcomeOf(test: SqlNode, counts: TestCounts, warnsAreErrors: boolean): Outcome {
  const { failures } = counts;
  const severity = (textOf(test.config['severity']) ?? 'ERROR').toUpperCase();
  const got = `Got ${failures} result${failures === 1 ? '' : 's'}`;
  if (severity === 'ERROR' && counts.shouldError) {
    return {
      status: 'fail',
      message: `${got}, configured to fail if ${textOf(test.config['error_if']) ?? ''}`,
      failures,
    };
  }
  if (!counts.shouldWarn) return { status: 'pass', message: '', failures: 0 };
  const condition = textOf(test.config['warn_if']) ?? '';
  if (warnsAreErrors) return { status: 'fail', message: `${got}, configured to fail if ${condition}`, failures };
  return { status: 'warn', message: `${got}, configured to warn if ${condition}`, failures };
}

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

/** Whether a number fits a condition such as `!= 0`; undefined for one that only SQL can tell. */
export function fits(failures: number, condition: string): boolean | undefined {
  const [, operator = '', limit = '0'] = PLAIN.exec(condition) ?? [];
  return COMPARE[operator]?.(failures, Number(limit));
}

/** Whether the rows that a test finds are kept in a table. */
export function storesFailures({ flags }: Invocation, { config }: SqlNode): boolean {
  return config['store_failures'] === true || (flags.storeFailures && (config['store_failures'] ?? null) === null);
}
