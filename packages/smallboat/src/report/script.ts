/**
 * The script of every page: tables are sorted by a click on a heading, a link opens the section that it leads to, and Metaflow's viewer learns when to
 * load the card again. A page is whole without it. It has no value of the page in it, so that its hash, which the page's policy names, never changes.
 */
export const SCRIPT = `(() => {
'use strict';
const number = (text) => {
  const t = text.replace(/[,\\u00a0 ]/g, '').replace('\\u2212', '-').replace('\\u221e', 'Infinity');
  return /^-?(?:\\d+(?:\\.\\d+)?(?:e-?\\d+)?|Infinity)$/.test(t) ? Number(t) : undefined;
};
const time = (text) => {
  const units = { ms: 1, s: 1e3, min: 6e4, h: 36e5, B: 1, KiB: 1024, MiB: 1048576, GiB: 1073741824, TiB: 1099511627776 };
  const parts = [...text.matchAll(/(\\d+(?:\\.\\d+)?) (ms|s|min|h|B|KiB|MiB|GiB|TiB)(?= |$)/g)];
  if (parts.length === 0 || parts.map((p) => p[0]).join(' ') !== text) return undefined;
  return parts.reduce((sum, p) => sum + Number(p[1]) * units[p[2]], 0);
};
const collator = new Intl.Collator(undefined, { numeric: true });
const keyOf = (row, at) => {
  const cell = row.cells[at];
  const text = cell ? cell.textContent.trim() : '';
  return { text: text === '\\u2013' ? '' : text, value: number(text) ?? time(text) };
};
const compare = (a, b) => {
  if (a.text === '' || b.text === '') return a.text === b.text ? 0 : 2;
  if (a.value !== undefined && b.value !== undefined) return a.value - b.value;
  return collator.compare(a.text, b.text);
};
const sort = (heading) => {
  const table = heading.closest('table');
  const body = table && table.tBodies[0];
  if (!body) return;
  const at = heading.cellIndex;
  const isDown = heading.getAttribute('aria-sort') === 'ascending';
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  heading.setAttribute('aria-sort', isDown ? 'descending' : 'ascending');
  const rows = [...body.rows].map((row) => ({ row, key: keyOf(row, at) }));
  rows.sort((a, b) => {
    const order = compare(a.key, b.key);
    if (order === 2) return a.key.text === '' ? 1 : -1;
    return isDown ? -order : order;
  });
  body.append(...rows.map(({ row }) => row));
};
const enhance = () => {
  for (const heading of document.querySelectorAll('table.sortable thead th')) {
    if (heading.querySelector('button') || heading.textContent.trim() === '') continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...heading.childNodes);
    heading.append(button);
  }
};
const open = () => {
  const id = location.hash.slice(1);
  const target = /^[\\w-]+$/.test(id) ? document.getElementById(id) : null;
  for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  if (target) target.scrollIntoView();
};
document.addEventListener('click', (event) => {
  const heading = event.target instanceof Element && event.target.closest('table.sortable thead th');
  if (heading) sort(heading);
});
document.addEventListener('smallboat:changed', enhance);
addEventListener('hashchange', open);
enhance();
open();
const token = document.querySelector('meta[name="metaflow-reload-token"]');
if (token) {
  window.METAFLOW_RELOAD_TOKEN = token.content;
  window.metaflow_card_update = () => true;
}
})();`;
