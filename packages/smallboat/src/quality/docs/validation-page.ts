import type { Html, ReportComponent } from '../../report/index.ts';
import { chip, formatNumber, html, page, renderComponents } from '../../report/index.ts';
import type { ExpectationResult, ValidationResult } from '../run/result.ts';
import { failedTable, heldTable, sampleTable, validationFigures } from './components.ts';
import { fileName } from '../file-name.ts';
import { linkTo } from './place.ts';
import { expectedInWords, notesOf, observedInWords } from './sentences.ts';
import { counted, shortRelation, timeInWords } from './words.ts';

/** Failed expectations that are told of one by one: hundreds would hide the first. */
const TOLD = 50;

/** The page of one validation: how many hold, what failed and by how much with rows that show it, and what held. */
export function validationPage(result: ValidationResult): string {
  const { results, suite_name, meta } = result;
  const { relation, problem, quarantine } = meta.smallboat;
  const name = meta.active_batch_definition.data_asset_name;
  const broken = results.filter((r) => r.exception_info.raised_exception);
  const failed = results.filter((r) => !r.success && !r.exception_info.raised_exception);
  const held = results.filter((r) => r.success);
  const overview: ReportComponent[] = [verdict(result), validationFigures(result)];
  const failures: ReportComponent[] =
    failed.length === 0
      ? []
      : [{ kind: 'heading', text: 'What failed' }, failedTable(failed, `Failed expectations of ${suite_name}`)];
  const unasked: ReportComponent[] =
    broken.length === 0 || problem !== undefined
      ? []
      : [
          { kind: 'heading', text: 'What could not be asked' },
          {
            kind: 'table',
            caption: 'They count as failed',
            columns: ['Expectation', 'Why'],
            rows: broken.map((r) => [expectedInWords(r), r.exception_info.exception_message]),
          },
        ];
  const good: ReportComponent[] =
    held.length === 0
      ? []
      : [{ kind: 'heading', text: 'What held' }, heldTable(held, `Expectations of ${suite_name} that hold`)];
  const body = html`${links(name, suite_name)} ${renderComponents([...overview, ...failures])}
    ${failed.slice(0, TOLD).map(details)}
    ${failed.length > TOLD ? html`<p>${counted(failed.length - TOLD, 'more failed expectation')} in the table above.</p>` : ''}
    ${renderComponents([...unasked, ...good])}
    <h2>Data</h2>
    <pre>${relation}</pre>
    ${quarantine === null ? '' : whereRowsAre(quarantine)} ${schema(result)}`;
  return page({
    title: name,
    subtitle: `${suite_name}, run ${meta.run_id.run_name}, ${timeInWords(meta.validation_time)}`,
    body,
  });
}

function links(name: string, suite: string): Html {
  return html`<p>
    <a href="${linkTo('validations', ['index.html'])}">All data</a> ·
    <a href="${linkTo('validations', ['data', `${fileName(name)}.html`])}">${name} over time</a> ·
    <a href="${linkTo('validations', ['suites', `${fileName(suite)}.html`])}">What ${suite} asks</a>
  </p>`;
}

function verdict({ success, results, statistics, meta }: ValidationResult): ReportComponent {
  const { quarantine, problem, goodRows } = meta.smallboat;
  if (problem !== undefined)
    return { kind: 'callout', tone: 'bad', text: `It could not be checked. ${problem.message}` };
  if (success) {
    return {
      kind: 'callout',
      tone: 'good',
      text: results.length === 0 ? 'The suite is empty.' : 'Every expectation holds.',
    };
  }
  const failed = `${statistics.unsuccessful_expectations} of ${counted(results.length, 'expectation')} failed.`;
  const aside =
    quarantine === null ? '' : ` The ${counted(quarantine.rows, 'row')} that failed them are in ${quarantine.table}.`;
  const good = goodRows === undefined ? '' : ` The other rows are in ${goodRows}.`;
  return { kind: 'callout', tone: 'bad', text: failed + aside + good };
}

function details(r: ExpectationResult): Html {
  const { severity, type, kwargs } = r.expectation_config;
  const notes = notesOf(r);
  return html`<h3>${expectedInWords(r)}</h3>
    <p>
      Found: ${observedInWords(r)}.
      ${chip(severity, severity === 'critical' ? 'bad' : severity === 'warning' ? 'warn' : 'plain')}
    </p>
    ${notes === undefined ? '' : renderComponents([{ kind: 'text', text: notes }])} ${renderComponents(sampleTable(r))}
    <details>
      <summary>As the suite has it</summary>
      <pre>${JSON.stringify({ type, kwargs }, null, 2)}</pre>
    </details>`;
}

function whereRowsAre({ table, rows }: { readonly table: string; readonly rows: number }): Html {
  return html`<p>
      ${rows === 1 ? 'The failing row, with' : `The ${formatNumber(rows)} failing rows, each with`} what rejects it in
      the column failed_expectations:
    </p>
    <pre>select * from ${table}</pre>`;
}

function schema({ meta }: ValidationResult): Html {
  const { columns, relation } = meta.smallboat;
  if (columns === undefined || columns.length === 0) return html``;
  return html`<details>
    <summary>Its ${counted(columns.length, 'column')}</summary>
    ${renderComponents([
      {
        kind: 'table',
        caption: `Columns of ${shortRelation(relation)}`,
        columns: ['Column', 'Type'],
        rows: columns.map(({ name, type }) => [name, type]),
      },
    ])}
  </details>`;
}
