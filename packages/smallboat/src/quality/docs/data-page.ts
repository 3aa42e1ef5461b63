import type { Html, ReportComponent } from '../../report/index.ts';
import { breakable, chip, formatNumber, html, page, renderComponents } from '../../report/index.ts';
import type { ValidationResult } from '../run/result.ts';
import type { PastRun } from './history.ts';
import { withKeys } from './history.ts';
import { fileName } from '../file-name.ts';
import { linkTo } from './place.ts';
import { expectedInWords, observedInWords } from './sentences.ts';
import { sparkline, strip } from './trend.ts';
import { counted, timeInWords } from './words.ts';

/** Runs that a page lists and draws at most. */
const LISTED = 100;

/** The page of some data over time: how it is now, how it has been, each expectation's past, and all runs. */
export function dataPage(name: string, history: readonly PastRun[], latest: ValidationResult): string {
  const runs = history.slice(-LISTED);
  const { suite_name } = latest;
  const body = html`<p>
      <a href="${linkTo('data', ['index.html'])}">All data</a> ·
      <a href="${linkTo('data', ['suites', `${fileName(suite_name)}.html`])}">What ${suite_name} asks</a>
    </p>
    ${renderComponents([now(history, latest), ...charts(runs)])}
    <h2>Expectations</h2>
    ${expectations(runs, latest)}
    <h2>Runs</h2>
    ${runTable(name, runs)}`;
  return page({
    title: name,
    subtitle: `${counted(history.length, 'run')}, the latest ${timeInWords(latest.meta.validation_time)}`,
    body,
  });
}

function now(history: readonly PastRun[], latest: ValidationResult): ReportComponent {
  const { statistics, success, meta } = latest;
  if (success) return { kind: 'callout', tone: 'good', text: `Every expectation holds${since(history, true)}.` };
  const { problem } = meta.smallboat;
  const what =
    problem === undefined
      ? `${statistics.unsuccessful_expectations} of ${counted(statistics.evaluated_expectations, 'expectation')} failed`
      : `It could not be checked (${problem.message.replace(/\.$/, '')})`;
  return { kind: 'callout', tone: 'bad', text: `${what} in the latest run${since(history, false)}.` };
}

/** Since when it is as it is: where it has been so for more than one run. */
function since(history: readonly PastRun[], success: boolean): string {
  const changed = history.findLastIndex((run) => run.success !== success);
  const first = history[changed + 1];
  const length = history.length - changed - 1;
  if (first === undefined || length < 2) return '';
  return success ? `, for ${length} runs` : `; it has failed for ${length} runs, since ${timeInWords(first.at)}`;
}

function charts(runs: readonly PastRun[]): readonly ReportComponent[] {
  if (runs.length < 2) return [];
  const line = (title: string, yLabel: string, of: (run: PastRun) => number | null): ReportComponent[] => {
    const points = runs.map((run, i) => [i + 1, of(run) ?? Number.NaN] as const);
    if (points.every(([, y]) => Number.isNaN(y))) return [];
    return [
      { kind: 'lineChart', title, xLabel: 'run, the latest at the right', yLabel, series: [{ name: yLabel, points }] },
    ];
  };
  const share = ({ expectations: all }: PastRun): number | null =>
    all.length === 0 ? null : (all.filter((e) => e.success).length / all.length) * 100;
  return [
    ...line('Expectations that hold', '%', share),
    ...line('Rows', 'rows', ({ rows }) => rows),
    ...(runs.some(({ quarantined }) => quarantined > 0)
      ? line('Rows set aside', 'rows', ({ quarantined }) => quarantined)
      : []),
  ];
}

/** Each expectation of the latest run with its past, those that fail now first. */
function expectations(runs: readonly PastRun[], { results }: ValidationResult): Html {
  const past = new Map<string, { success: boolean[]; figures: (number | null)[] }>();
  for (const run of runs) {
    for (const { key, success, observed, percent } of run.expectations) {
      const entry = past.get(key) ?? { success: [], figures: [] };
      entry.success.push(success);
      entry.figures.push(percent ?? (typeof observed === 'number' ? observed : null));
      past.set(key, entry);
    }
  }
  const rows = [...withKeys(results)]
    .sort(([, a], [, b]) => Number(a.success) - Number(b.success))
    .map(([key, r]) => {
      const { success, figures } = past.get(key) ?? { success: [], figures: [] };
      return html`<tr>
        <th scope="row" class="wide">${expectedInWords(r)}</th>
        <td>${chip(r.success ? 'holds' : 'failed', r.success ? 'good' : 'bad')}</td>
        <td>${r.exception_info.raised_exception ? 'could not be asked' : observedInWords(r)}</td>
        <td class="whole">${strip(success)}</td>
        <td class="whole">${sparkline(figures)}</td>
      </tr>`;
    });
  return table(
    'Expectations',
    ['Expectation', 'Now', 'Found', 'Last runs', 'Its figure, or % of rows that fail'],
    rows,
  );
}

function runTable(name: string, runs: readonly PastRun[]): Html {
  const rows = runs.toReversed().map(({ run, at, success, expectations: all, rows: count, quarantined, seconds }) => {
    const held = all.filter((e) => e.success).length;
    const href = linkTo('data', ['validations', fileName(run), `${fileName(name)}.html`]);
    return html`<tr>
      <th scope="row" class="text"><a href="${href}">${breakable(run)}</a></th>
      <td class="whole">${timeInWords(at)}</td>
      <td>${chip(success ? 'holds' : 'failed', success ? 'good' : 'bad')}</td>
      <td class="number">${held} of ${all.length}</td>
      <td class="number">${count === null ? '–' : formatNumber(count)}</td>
      <td class="number">${formatNumber(quarantined)}</td>
      <td class="number">${formatNumber(seconds)}</td>
    </tr>`;
  });
  return table('Runs', ['Run', 'Time', 'Result', 'Hold', 'Rows', 'Rows set aside', 'Seconds'], rows, 3);
}

/** A table whose cells are markup; columns from `numbersFrom` on are right-aligned. */
export function table(
  label: string,
  columns: readonly string[],
  rows: readonly Html[],
  numbersFrom = columns.length,
): Html {
  const empty = html`<tr>
    <td class="none" colspan="${columns.length}">Nothing yet</td>
  </tr>`;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${columns.map((name, i) => html`<th scope="col" class="${i >= numbersFrom ? 'number' : 'text'}">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.length > 0 ? rows : empty}
      </tbody>
    </table>
  </div>`;
}
