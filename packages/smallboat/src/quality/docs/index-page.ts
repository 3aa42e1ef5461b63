import { breakable, chip, formatNumber, html, page, renderComponents } from '../../report/index.ts';
import { table } from './data-page.ts';
import type { PastRun } from './history.ts';
import { fileName } from '../file-name.ts';
import { linkTo } from './place.ts';
import { strip } from './trend.ts';
import { counted, timeInWords } from './words.ts';

/** The first page: all data with its latest result and its last runs, what fails first; and all suites. */
export function indexPage(histories: readonly (readonly PastRun[])[]): string {
  const data = histories.flatMap((runs) => {
    const latest = runs.at(-1);
    return latest === undefined ? [] : [{ runs, latest }];
  });
  const sorted = data.sort(
    (a, b) => Number(a.latest.success) - Number(b.latest.success) || (a.latest.at < b.latest.at ? 1 : -1),
  );
  const failing = data.filter(({ latest }) => !latest.success).length;
  const rows = sorted.map(({ runs, latest }) => {
    const { data: name, at, success, expectations, quarantined, run, problem } = latest;
    const held = expectations.filter((e) => e.success).length;
    const file = `${fileName(name)}.html`;
    return html`<tr>
      <th scope="row" class="text"><a href="${linkTo('index', ['data', file])}">${breakable(name)}</a></th>
      <td>
        <a href="${linkTo('index', ['validations', fileName(run), file])}"
          >${chip(success ? 'holds' : problem === undefined ? 'failed' : 'not checked', success ? 'good' : 'bad')}</a
        >
      </td>
      <td class="whole">${timeInWords(at)}</td>
      <td class="whole">${strip(runs.map((one) => one.success))}</td>
      <td class="number">${held} of ${expectations.length}</td>
      <td class="number">${latest.rows === null ? '–' : formatNumber(latest.rows)}</td>
      <td class="number">${formatNumber(quarantined)}</td>
    </tr>`;
  });
  const suites = [...new Set(data.map(({ latest }) => latest.suite))].sort();
  const verdict =
    data.length === 0
      ? { kind: 'callout' as const, tone: 'plain' as const, text: 'No data has been checked yet.' }
      : {
          kind: 'callout' as const,
          tone: failing === 0 ? ('good' as const) : ('bad' as const),
          text:
            failing === 0
              ? `All is well: ${counted(data.length, 'table')} checked, every expectation holds.`
              : `${failing} of ${counted(data.length, 'table')} failed at the latest check.`,
        };
  const body = html`${renderComponents([verdict])}
    <h2>Data</h2>
    ${table('Data', ['Data', 'Latest result', 'Time', 'Last runs', 'Hold', 'Rows', 'Rows set aside'], rows, 4)}
    <h2>Suites</h2>
    <ul>
      ${suites.map((name) => html`<li><a href="${linkTo('index', ['suites', `${fileName(name)}.html`])}">${name}</a></li>`)}
    </ul>`;
  return page({ title: 'Data docs', subtitle: 'What was checked of the data, and what was found', body });
}
