import { formatNumber } from '../../report/index.ts';
import type { ExpectationResult } from '../run/result.ts';

/** What was expected, as a sentence; the type where the result was made by another program. */
export function expectedInWords({ meta, expectation_config: { type, kwargs } }: ExpectationResult): string {
  const { sentence } = meta;
  if (typeof sentence === 'string') return sentence;
  const { column } = kwargs;
  return `${type.replace(/^expect_/, '').replaceAll('_', ' ')}${typeof column === 'string' ? ` (${column})` : ''}`;
}

/** What the suite's author noted beside an expectation: a text, or several paragraphs as Great Expectations keeps them. */
export function notesOf({ expectation_config: { meta, notes: own } }: ExpectationResult): string | undefined {
  const notes: unknown = own ?? meta['notes'];
  const content: unknown = typeof notes === 'object' && notes !== null && 'content' in notes ? notes.content : notes;
  if (Array.isArray(content)) return content.map(String).join('\n\n') || undefined;
  return typeof content === 'string' && content !== '' ? content : undefined;
}

/** What was found, in a few words: `12 of 1,000 rows (1.2 %)`, a figure, an error. */
export function observedInWords({ result, exception_info, success }: ExpectationResult): string {
  if (exception_info.raised_exception) return exception_info.exception_message ?? 'could not be computed';
  const { element_count, unexpected_count, unexpected_percent, missing_count, observed_value } = result;
  if (typeof element_count === 'number' && typeof unexpected_count === 'number') {
    const share = typeof unexpected_percent === 'number' ? ` (${formatNumber(unexpected_percent)} %)` : '';
    const asked = element_count - (typeof missing_count === 'number' ? missing_count : 0);
    if (unexpected_count === 0) return `all of ${formatNumber(asked)}`;
    return `${formatNumber(unexpected_count)} of ${formatNumber(asked)} not${share}`;
  }
  if (typeof unexpected_count === 'number' || typeof missing_count === 'number') {
    const parts = [
      typeof unexpected_count === 'number' && unexpected_count > 0 ? `${values(unexpected_count)} beside them` : '',
      typeof missing_count === 'number' && missing_count > 0 ? `${values(missing_count)} missing` : '',
    ].filter((part) => part !== '');
    return parts.join(', ') || 'as expected';
  }
  if (observed_value === undefined) return success ? 'yes' : 'no';
  if (isQuantiles(observed_value)) {
    const { quantiles, values: found } = observed_value;
    return quantiles.map((q, i) => `${q}: ${valueInWords(found[i])}`).join(', ');
  }
  return valueInWords(observed_value);
}

/** A value of the data as text, so that an empty text and a missing value can be told from each other. */
export function valueInWords(value: unknown, length = 120): string {
  if (value === null || value === undefined) return 'null';
  if (value === '') return '(empty text)';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return cut(value, length);
  if (Array.isArray(value)) return cut(value.map((item) => valueInWords(item)).join(', '), 200);
  return cut(JSON.stringify(value), 200);
}

function values(count: number): string {
  return count === 1 ? '1 value' : `${formatNumber(count)} values`;
}

interface Quantiles {
  readonly quantiles: readonly number[];
  readonly values: readonly unknown[];
}

function isQuantiles(value: unknown): value is Quantiles {
  return typeof value === 'object' && value !== null && 'quantiles' in value && 'values' in value;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** A few distinct values that failed, as text. */
export function examples(
  { result }: ExpectationResult,
  { count = 3, length = 120 }: { readonly count?: number; readonly length?: number } = {},
): string | null {
  const values = result['partial_unexpected_list'];
  if (!Array.isArray(values) || values.length === 0) return null;
  return [...new Set(values.map((value) => valueInWords(value, length)))].slice(0, count).join(', ');
}
