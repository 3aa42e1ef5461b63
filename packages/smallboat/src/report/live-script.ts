/**
 * The script of a page that a server shows while its run goes on: it asks for the same address again, and puts what has changed into the page, part
 * by part, so that what the reader has opened, sorted and scrolled to stays.
 */
export const LIVE_SCRIPT = `(() => {
'use strict';
const every = Number(document.querySelector('meta[name="refresh-every"]').content);
const status = document.createElement('p');
status.className = 'live';
status.setAttribute('role', 'status');
document.querySelector('header').append(status);
const say = (text) => { if (status.textContent !== text) status.textContent = text; };
const pathOf = (root, element) => {
  const path = [];
  for (let at = element; at && at !== root; at = at.parentElement) path.unshift([...at.parentElement.children].indexOf(at));
  return path;
};
const stateOf = (root) => ({
  open: new Map([...root.querySelectorAll('details')].map((d, i) => [d.id || i + d.querySelector('summary').textContent, d.open])),
  sorted: [...root.querySelectorAll('table')].map((t) => {
    const heading = t.querySelector('th[aria-sort]');
    return heading ? [heading.cellIndex, heading.getAttribute('aria-sort')] : null;
  }),
  scrolled: [...root.querySelectorAll('.scroll')].map((s) => s.scrollLeft),
  focus: root.contains(document.activeElement) ? pathOf(root, document.activeElement) : null,
});
const restore = (root, { open, sorted, scrolled, focus }) => {
  root.querySelectorAll('details').forEach((d, i) => {
    const was = open.get(d.id || i + d.querySelector('summary').textContent);
    if (was !== undefined) d.open = was;
  });
  document.dispatchEvent(new Event('smallboat:changed'));
  root.querySelectorAll('table').forEach((t, i) => {
    if (!sorted[i]) return;
    const heading = t.tHead && t.tHead.rows[0].cells[sorted[i][0]];
    if (!heading) return;
    heading.click();
    if (heading.getAttribute('aria-sort') !== sorted[i][1]) heading.click();
  });
  root.querySelectorAll('.scroll').forEach((s, i) => { s.scrollLeft = scrolled[i] ?? 0; });
  if (focus) {
    const at = focus.reduce((e, i) => e && e.children[i], root);
    if (at) at.focus({ preventScroll: true });
  }
};
let parts = [];
const take = (text) => {
  const next = new DOMParser().parseFromString(text, 'text/html');
  for (const part of ['h1', '.subtitle']) {
    const [old, fresh] = [document.querySelector(part), next.querySelector(part)];
    if (old && fresh && old.textContent !== fresh.textContent) old.textContent = fresh.textContent;
  }
  document.title = next.title;
  const [main, fresh] = [document.querySelector('main'), next.querySelector('main')];
  if (!main || !fresh) return;
  const elements = [...fresh.children];
  const made = elements.map((element) => element.outerHTML);
  if (made.length !== main.children.length) {
    const state = stateOf(main);
    main.replaceChildren(...elements.map((element) => document.adoptNode(element)));
    restore(main, state);
  } else {
    [...main.children].forEach((old, i) => {
      if (parts[i] === made[i]) return;
      const state = stateOf(old);
      const element = document.adoptNode(elements[i]);
      old.replaceWith(element);
      restore(element, state);
    });
  }
  parts = made;
};
let tag = '';
const look = async () => {
  let isOver = false;
  try {
    const answer = await fetch(location.href, { headers: tag === '' ? {} : { 'If-None-Match': tag }, cache: 'no-store' });
    if (answer.status === 200) {
      tag = answer.headers.get('ETag') ?? '';
      take(await answer.text());
    }
    isOver = answer.headers.get('X-Run-Over') === 'yes';
    say(answer.ok || answer.status === 304 ? (isOver ? 'The run is over' : 'Live') : 'The server answers ' + answer.status);
  } catch {
    say('The server is gone; this is the last that it said');
  }
  if (!isOver) setTimeout(look, document.hidden ? every * 5 : every);
};
setTimeout(look, every);
})();`;
