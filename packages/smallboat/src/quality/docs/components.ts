import type { ReportCell, ReportComponent } from '../../report/index.ts';
import { formatNumber } from '../../report/index.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import { expectedInWords, observedInWords, valueInWords } from './sentences.ts';

/** The figures at the head of a validation's page. */
export function validationFigures({ statistics, results, meta }: ValidationResult): ReportComponent {
  const rows = results.map((r) => r.result['element_count']).find((n) => typeof n === 'number');
  const { quarantine, seconds } = meta.smallboat;
  const { unsuccessful_expectations: failed, success_percent: percent } = statistics;
  return {
    kind: 'figures',
    figures: [
      { label: 'Expectations', value: formatNumber(statistics.evaluated_expectations) },
      {
        label: 'Hold',
        value: formatNumber(statistics.successful_expectations),
        ...(percent === null ? {} : { note: `${formatNumber(percent)} %` }),
      },
      { label: 'Failed', value: formatNumber(failed), tone: failed > 0 ? 'bad' : 'good' },
      ...(rows === undefined ? [] : [{ label: 'Rows', value: formatNumber(rows) }]),
      ...(quarantine === null
        ? []
        : [{ label: 'Rows set aside', value: formatNumber(quarantine.rows), tone: 'warn' as const }]),
      { label: 'Time', value: `${formatNumber(seconds)} s` },
    ],
  };
}

/** Expectations as a table: what was expected, what was found, did it hold. Failed ones first. */
export function expectationTable(results: readonly ExpectationResult[], caption: string): ReportComponent {
  const sorted = [...results].sort((a, b) => Number(a.success) - Number(b.success));
  return {
    kind: 'table',
    caption,
    columns: ['Expectation', 'Found', 'Severity', 'Result'],
    rows: sorted.map((r) => [
      expectedInWords(r),
      observedInWords(r),
      r.expectation_config.severity,
      r.exception_info.raised_exception ? { value: 'error', tone: 'bad' } : verdictCell(r.success),
    ]),
  };
}

/** Values that an expectation rejected, with how often each is in the sample; nothing where there are none. */
export function sampleTable(result: ExpectationResult): readonly ReportComponent[] {
  const values = result.result['partial_unexpected_list'];
  if (!Array.isArray(values) || values.length === 0) return [];
  const counts = new Map<string, number>();
  for (const value of values) counts.set(valueInWords(value), (counts.get(valueInWords(value)) ?? 0) + 1);
  return [
    {
      kind: 'table',
      caption: `A sample of ${values.length} that do not meet it`,
      columns: ['Value', 'Times in the sample'],
      rows: [...counts].sort(([, a], [, b]) => b - a),
    },
  ];
}

/** Whether it held, as a cell. */
export function verdictCell(success: boolean): ReportCell {
  return success ? { value: 'holds', tone: 'good' } : { value: 'failed', tone: 'bad' };
}
