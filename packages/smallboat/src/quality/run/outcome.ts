import { SmallboatError } from '../../kernel/index.ts';
import { warehouseErrors } from '../../warehouse/index.ts';
import type { Cell } from '../../warehouse/index.ts';
import { jsonOf } from '../json-value.ts';
import type { ExpectationConfig } from '../suite/suite.ts';
import type { Compiled } from './compile.ts';
import type { ExceptionInfo, ExpectationResult, RowSample } from './result.ts';
import { isMet, rowResult } from './result.ts';
import type { Settled } from './settle.ts';

const FINE: ExceptionInfo = { raised_exception: false, exception_message: null, exception_traceback: null };

/** Rows beside the values that a result keeps for its page. */
const SHOWN = 5;

/** The result of an expectation from what it came to. */
export function resultOf(
  item: Compiled,
  settled: Settled,
  { sample, resultsOf }: { readonly sample: RowSample; readonly resultsOf: '1' | '0.18' },
): ExpectationResult {
  const { config, sentence, format, mostly } = item;
  if (settled.is === 'raised') return raised(config, settled.error, sentence);
  if (settled.is === 'verdict') {
    const { success, result, complete } = settled.verdict;
    const whole = { ...result, ...(format.level === 'COMPLETE' ? complete : {}) };
    const listed = Object.entries(whole).filter(([key]) => format.partial > 0 || !key.startsWith('partial_'));
    const said = format.level === 'BOOLEAN_ONLY' ? {} : Object.fromEntries(listed);
    return { success, expectation_config: config, result: jsonValues(said), meta: { sentence }, exception_info: FINE };
  }
  const shown = sample.rows.slice(0, SHOWN);
  return {
    success: isMet(settled.counts, mostly),
    expectation_config: config,
    result: rowResult(settled.counts, sample, format, namesIndex(item, resultsOf)),
    meta: { sentence, ...(shown.length > 0 ? { sample_rows: shown } : {}) },
    exception_info: FINE,
  };
}

/** Great Expectations does not name the index columns of some results; here as there. */
function namesIndex({ config }: Compiled, resultsOf: '1' | '0.18'): boolean {
  if (config.type === 'expect_column_values_to_not_be_null') return resultsOf === '1';
  return config.type !== 'expect_column_values_to_be_null';
}

function jsonValues(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return jsonOf(result as { readonly [field: string]: Cell }) as Readonly<Record<string, unknown>>;
}

/** The result of an expectation that could not be computed. */
export function raised(
  config: ExpectationConfig,
  error: Error | { readonly code: string; readonly message: string },
  sentence: string,
): ExpectationResult {
  const message = error instanceof Error ? problemOf(error) : error.message;
  const code = error instanceof SmallboatError || !(error instanceof Error) ? error.code : undefined;
  return {
    success: false,
    expectation_config: config,
    result: {},
    meta: { sentence, ...(code === undefined ? {} : { code }) },
    exception_info: {
      raised_exception: true,
      exception_message: message,
      exception_traceback: (error instanceof Error ? error.stack : undefined) ?? message,
    },
  };
}

/** What the warehouse said, without the statement, which is long and none of the reader's making. */
function problemOf(error: Error): string {
  if (!warehouseErrors.STATEMENT_FAILED.is(error)) return error.message;
  return error.facts.problem.trim();
}
