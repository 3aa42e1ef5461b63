import type { Html } from '../../report/index.ts';
import { html, page, renderComponents } from '../../report/index.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import { columnsOf } from './components.ts';
import { fileName } from '../file-name.ts';
import { linkTo } from './place.ts';
import { expectedInWords, notesOf } from './sentences.ts';
import { counted } from './words.ts';

/** The page of a suite: what it asks in plain words, of the table as a whole and of each column, and of which data. */
export function suitePage({ suite_name, results }: ValidationResult, data: readonly string[]): string {
  const groups = new Map<string, ExpectationResult[]>();
  for (const result of results) {
    const about = columnsOf(result).join(' and ') || '';
    groups.set(about, [...(groups.get(about) ?? []), result]);
  }
  const whole = groups.get('') ?? [];
  groups.delete('');
  const body = html`<p><a href="${linkTo('suites', ['index.html'])}">All data</a></p>
    <p>Asked of ${data.length === 0 ? 'no data yet' : data.map((name, i) => [i === 0 ? '' : ', ', linkOf(name)])}.</p>
    ${whole.length === 0 ? '' : group('The table as a whole', whole)}
    ${[...groups].map(([name, expectations]) => group(name, expectations))}`;
  return page({ title: suite_name, subtitle: `A suite of ${counted(results.length, 'expectation')}`, body });
}

function linkOf(name: string): Html {
  return html`<a href="${linkTo('suites', ['data', `${fileName(name)}.html`])}">${name}</a>`;
}

function group(title: string, expectations: readonly ExpectationResult[]): Html {
  const hasNotes = expectations.some((r) => notesOf(r) !== undefined);
  const rows = expectations.map((r) => [
    expectedInWords(r),
    r.expectation_config.severity,
    ...(hasNotes ? [notesOf(r) ?? null] : []),
  ]);
  const columns = ['Expectation', 'Severity', ...(hasNotes ? ['Notes'] : [])];
  return html`<h2>${title}</h2>
    ${renderComponents([{ kind: 'table', columns, rows }])}`;
}
