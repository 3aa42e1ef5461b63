import { readFile, readdir } from 'node:fs/promises';
import { join, relative, dirname } from 'node:path';
import { isMissing, writeWhole } from '../../kernel/index.ts';
import type { Html, ReportComponent } from '../../report/index.ts';
import { chip, formatNumber, html, page, renderComponents } from '../../report/index.ts';
import { expectationTable, sampleTable, validationFigures } from './components.ts';
import type { ValidationResult } from '../run/result.ts';
import { expectedInWords, observedInWords } from './sentences.ts';

/** Where a validation's files are, under the folder of the data docs. */
export interface DocsPlace {
  readonly resultPath: string;
  readonly pagePath: string;
}

/** The files of one validation: `results/<run>/<data>.json` and `validations/<run>/<data>.html`. */
export function placeOf(folder: string, runName: string, name: string): DocsPlace {
  const run = safe(runName);
  return {
    resultPath: join(folder, 'results', run, `${safe(name)}.json`),
    pagePath: join(folder, 'validations', run, `${safe(name)}.html`),
  };
}

/** The page of one validation: how many hold, each expectation in plain words, and samples of what failed. */
export function validationPage(result: ValidationResult, indexLink: string): string {
  const { success, results, suite_name, meta } = result;
  const { relation, quarantine } = meta.smallboat;
  const failed = results.filter((r) => !r.success);
  const details = failed.map(
    (r) =>
      html`<h3>${expectedInWords(r)}</h3>
        ${renderComponents([{ kind: 'text', text: observedInWords(r) }, ...sampleTable(r)])}
        <details>
          <summary>As the suite has it</summary>
          <pre>
${JSON.stringify({ type: r.expectation_config.type, kwargs: r.expectation_config.kwargs }, null, 2)}</pre>
        </details>`,
  );
  const overview: ReportComponent[] = [
    {
      kind: 'callout',
      tone: success ? 'good' : 'bad',
      text: success
        ? 'Every expectation holds.'
        : `${failed.length} of ${results.length} expectations failed${
            quarantine === null
              ? ''
              : `. The ${formatNumber(quarantine.rows)} rows that failed them are in ${quarantine.table}`
          }.`,
    },
    validationFigures(result),
    { kind: 'heading', text: 'Expectations' },
    expectationTable(results, `Suite ${suite_name} over ${shortRelation(relation)}`),
  ];
  const body = html`<p><a href="${indexLink}">All validations</a></p>
    ${renderComponents(overview)} ${failed.length === 0 ? '' : html`<h2>What failed</h2>`} ${details}
    ${rowsLink(result)}`;
  return page({
    title: meta.active_batch_definition.data_asset_name,
    subtitle: `Run ${meta.run_id.run_name}, ${timeInWords(meta.validation_time)}`,
    body,
  });
}

function rowsLink({ meta }: ValidationResult): Html {
  const { quarantine, relation } = meta.smallboat;
  const query =
    quarantine === null ? '' : `select * from ${quarantine.table}\nwhere list_contains(failed_expectations, '…')`;
  return html`<h2>Data</h2>
    <pre>${relation}</pre>
    ${
      quarantine === null
        ? ''
        : html`<p>The failing rows, each with the expectations that reject it:</p>
            <pre>${query}</pre>`
    }`;
}

/**
 * Writes the index of all validations whose results are in the folder, the latest first, and the page of each that has
 * none. @returns the path of the index.
 */
export async function renderDataDocs(folder: string): Promise<string> {
  const indexPath = join(folder, 'index.html');
  const found = await resultsIn(folder);
  const rows = await Promise.all(
    found.map(async ({ run, file, result }) => {
      const { pagePath } = placeOf(folder, run, file);
      await writeWhole(pagePath, validationPage(result, relative(dirname(pagePath), indexPath)), { sync: false });
      const { statistics: s, meta } = result;
      const verdict = result.success ? chip('holds', 'good') : chip('failed', 'bad');
      return html`<tr>
        <th scope="row"><a href="${linkTo(folder, pagePath)}">${meta.active_batch_definition.data_asset_name}</a></th>
        <td>${meta.run_id.run_name}</td>
        <td>${timeInWords(meta.validation_time)}</td>
        <td class="number">${s.successful_expectations} of ${s.evaluated_expectations}</td>
        <td>${verdict}</td>
      </tr>`;
    }),
  );
  const body = html`<div class="scroll" role="region" tabindex="0" aria-label="Validations">
    <table>
      <thead>
        <tr>
          <th scope="col">Data</th>
          <th scope="col">Run</th>
          <th scope="col">Time</th>
          <th scope="col" class="number">Expectations that hold</th>
          <th scope="col">Result</th>
        </tr>
      </thead>
      <tbody>
        ${
          rows.length > 0
            ? rows
            : html`<tr>
                <td class="none" colspan="5">No validation has run yet.</td>
              </tr>`
        }
      </tbody>
    </table>
  </div>`;
  const text = page({ title: 'Data docs', subtitle: `${rows.length} validations, the latest first`, body });
  await writeWhole(indexPath, text, { sync: false });
  return indexPath;
}

interface StoredResult {
  readonly run: string;
  readonly file: string;
  readonly result: ValidationResult;
}

async function resultsIn(folder: string): Promise<readonly StoredResult[]> {
  const root = join(folder, 'results');
  const files = await readdir(root, { recursive: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const stored = await Promise.all(
    files
      .filter((file) => /^[^/\\]+[/\\][^/\\]+\.json$/.test(file))
      .map(async (file): Promise<StoredResult> => {
        const [run = '', name = ''] = file.replace(/\.json$/, '').split(/[/\\]/);
        // Written by `runCheckpoint`, whole or not at all.
        const result = JSON.parse(await readFile(join(root, file), 'utf8')) as ValidationResult;
        return { run, file: name, result };
      }),
  );
  return stored.sort((a, b) => (a.result.meta.validation_time < b.result.meta.validation_time ? 1 : -1));
}

function linkTo(folder: string, path: string): string {
  return relative(folder, path).split(/[/\\]/).map(encodeURIComponent).join('/');
}

/** A name fit for a file: no separators, no dots in front. */
function safe(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^\.+/, '') || 'run';
}

function timeInWords(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

function shortRelation(relation: string): string {
  const line = relation.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`;
}
