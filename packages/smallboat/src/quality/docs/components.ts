import type { ReportCell, ReportComponent, Tone } from '../../report/index.ts';
import { formatNumber } from '../../report/index.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import type { Severity } from '../suite/suite.ts';
import { examples, expectedInWords, observedInWords, valueInWords } from './sentences.ts';

/** Columns of a sample row that are shown at most, and letters of each value. */
const COLUMNS = 12;
const CELL = 80;

/** The figures at the head of a validation's page. */
export function validationFigures({ statistics, meta }: ValidationResult): ReportComponent {
  const { quarantine, seconds, rows } = meta.smallboat;
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
      ...(typeof rows === 'number' ? [{ label: 'Rows', value: formatNumber(rows) }] : []),
      ...(quarantine === null
        ? []
        : [{ label: 'Rows set aside', value: formatNumber(quarantine.rows), tone: 'warn' as const }]),
      { label: 'Time', value: `${formatNumber(seconds)} s` },
    ],
  };
}

/** Failed expectations as a table: what was expected, what was found, what failed it, how bad that is. */
export function failedTable(failed: readonly ExpectationResult[], caption: string): ReportComponent {
  return {
    kind: 'table',
    caption,
    columns: ['Expectation', 'Found', 'Severity', 'For example'],
    rows: failed.map((r) => [
      expectedInWords(r),
      observedInWords(r),
      severityCell(r.expectation_config.severity),
      examples(r, { length: 40 }),
    ]),
  };
}

/** Expectations that hold as a table. */
export function heldTable(held: readonly ExpectationResult[], caption: string): ReportComponent {
  return {
    kind: 'table',
    caption,
    columns: ['Expectation', 'Found'],
    rows: held.map((r) => [expectedInWords(r), observedInWords(r)]),
  };
}

/** Rows that an expectation rejected, its columns first; the values alone where there are no rows. */
export function sampleTable(result: ExpectationResult): readonly ReportComponent[] {
  const rows = result.meta.sample_rows ?? [];
  if (rows.length === 0) return valueTable(result);
  const about = columnsOf(result);
  const names = Object.keys(rows[0] ?? {});
  const ordered = [...names.filter((name) => about.includes(name)), ...names.filter((name) => !about.includes(name))];
  const shown = ordered.slice(0, COLUMNS);
  const rest = ordered.length - shown.length;
  const caption = `${rows.length === 1 ? 'A row' : `${rows.length} of the rows`} that do${rows.length === 1 ? 'es' : ''} not meet it`;
  return [
    {
      kind: 'table',
      caption: rest > 0 ? `${caption}, without ${rest} of the columns` : caption,
      columns: shown,
      rows: rows.map((row) => shown.map((name) => valueInWords(row[name], CELL))),
    },
  ];
}

function valueTable({ result }: ExpectationResult): readonly ReportComponent[] {
  const values = result['partial_unexpected_list'];
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

/** Names of the columns that an expectation is about. */
export function columnsOf({
  expectation_config: { kwargs },
}: Pick<ExpectationResult, 'expectation_config'>): readonly string[] {
  const { column, column_A, column_B, column_list } = kwargs;
  return [column, column_A, column_B, ...(Array.isArray(column_list) ? column_list : [])].filter(
    (name) => typeof name === 'string',
  );
}

/** Whether it held, as a cell. */
export function verdictCell(success: boolean): ReportCell {
  return success ? { value: 'holds', tone: 'good' } : { value: 'failed', tone: 'bad' };
}

const SEVERITIES: Readonly<Record<Severity, Tone>> = { critical: 'bad', warning: 'warn', info: 'plain' };

/** How bad it is where it fails, as a cell. */
export function severityCell(severity: Severity): ReportCell {
  return { value: severity, tone: SEVERITIES[severity] };
}
