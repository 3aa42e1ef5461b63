/**
 * What the page of documentation does in the browser: a tree with a search, a page per node, lineage as a picture. Plain JavaScript of the
 * browser, which loads nothing. Text reaches the page as text nodes only.
 */
export const SCRIPT = String.raw`
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const nodes = new Map(data.nodes.map((node) => [node.id, node]));
  const readers = new Map();
  for (const node of data.nodes)
    for (const other of node.reads) readers.set(other, [...(readers.get(other) || []), node.id]);
  const main = document.getElementById('main');
  const SVG = 'http://www.w3.org/2000/svg';

  const fill = (element, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) element.setAttribute(name, value);
    for (const child of (children || []).flat(3)) if (child !== undefined && child !== null) element.append(child);
    return element;
  };
  const make = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
  const draw = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
  const link = (id, text) => nodes.has(id) ? make('a', { href: '#' + encodeURIComponent(id) }, text || nodes.get(id).name) : text || id;

  // Paragraphs, lists, code and links of Markdown: what descriptions are written in.
  const inline = (text) => {
    const parts = [];
    const pattern = /${'`'}([^${'`'}]+)${'`'}|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)/g;
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      parts.push(text.slice(at, found.index));
      if (found[1] !== undefined) parts.push(make('code', {}, found[1]));
      else if (found[2] !== undefined) parts.push(make('strong', {}, found[2]));
      else parts.push(make('a', { href: found[4], rel: 'noreferrer' }, found[3]));
      at = found.index + found[0].length;
    }
    return [...parts, text.slice(at)];
  };
  const markdown = (text) => text.split(/\n{2,}/).filter((part) => part.trim()).map((part) => {
    const lines = part.split('\n');
    if (lines.every((line) => /^\s*[-*] /.test(line)))
      return make('ul', {}, lines.map((line) => make('li', {}, inline(line.replace(/^\s*[-*] /, '')))));
    const heading = /^(#+)\s+(.*)$/.exec(lines[0]);
    if (heading) return make('h' + Math.min(6, heading[1].length + 1), {}, inline(heading[2] + ' ' + lines.slice(1).join(' ')));
    return make('p', {}, inline(lines.join(' ')));
  });

  const walk = (id, next) => {
    const seen = new Map([[id, 0]]);
    const open = [id];
    while (open.length) {
      const at = open.shift();
      for (const other of next(at)) if (nodes.has(other) && !seen.has(other)) { seen.set(other, seen.get(at) + 1); open.push(other); }
    }
    return seen;
  };
  const reads = (id) => nodes.get(id).reads;
  const readBy = (id) => readers.get(id) || [];

  // Layers by the longest way, each in the order of the middle of what it is connected with.
  const graph = (ids, self) => {
    const shown = new Set(ids);
    const rank = new Map();
    const rankOf = (id) => {
      if (!rank.has(id)) { rank.set(id, 0); rank.set(id, Math.max(-1, ...reads(id).filter((o) => shown.has(o)).map(rankOf)) + 1); }
      return rank.get(id);
    };
    const layers = [];
    for (const id of shown) (layers[rankOf(id)] ||= []).push(id);
    const place = new Map();
    const settle = () => layers.forEach((layer) => layer.forEach((id, i) => place.set(id, i - layer.length / 2)));
    settle();
    for (let turn = 0; turn < 6; turn += 1) {
      const next = turn % 2 ? readBy : reads;
      for (const layer of turn % 2 ? [...layers].reverse() : layers) {
        const middle = (id) => {
          const others = next(id).filter((o) => shown.has(o)).map((o) => place.get(o));
          return others.length ? others.reduce((a, b) => a + b, 0) / others.length : place.get(id);
        };
        const order = new Map(layer.map((id) => [id, middle(id)]));
        layer.sort((a, b) => order.get(a) - order.get(b));
      }
      settle();
    }
    const wide = 168, high = 26, across = 40, down = 12;
    const tallest = Math.max(...layers.map((layer) => layer.length));
    const height = tallest * (high + down) + down;
    const at = new Map();
    layers.forEach((layer, x) => layer.forEach((id, i) =>
      at.set(id, [10 + x * (wide + across), (height - layer.length * (high + down)) / 2 + i * (high + down) + down / 2])));
    const width = layers.length * (wide + across) - across + 20;
    const edges = [...shown].flatMap((id) => reads(id).filter((o) => shown.has(o)).map((other) => {
      const [x1, y1] = at.get(other), [x2, y2] = at.get(id);
      const [from, to] = [x1 + wide, (y1 + y2) / 2];
      const bend = Math.max(30, (x2 - from) / 2);
      return draw('path', { d: 'M' + from + ',' + (y1 + high / 2) + ' C' + (from + bend) + ',' + (y1 + high / 2) + ' ' + (x2 - bend) + ',' + (y2 + high / 2) + ' ' + x2 + ',' + (y2 + high / 2) });
    }));
    const boxes = [...shown].map((id) => {
      const [x, y] = at.get(id);
      const { name, kind } = nodes.get(id);
      const short = name.length > 23 ? name.slice(0, 22) + '…' : name;
      return draw('a', { href: '#' + encodeURIComponent(id), class: id === self ? 'self' : undefined },
        draw('title', {}, kind + ' ' + name),
        draw('rect', { x, y, width: wide, height: high, rx: 6, style: 'stroke: var(--' + kind + ')' }),
        draw('text', { x: x + 9, y: y + 17 }, short));
    });
    return make('div', { class: 'graph', tabindex: 0, role: 'region', 'aria-label': 'Lineage' },
      draw('svg', { width, height, viewBox: '0 0 ' + width + ' ' + height, role: 'img', 'aria-label': 'Lineage of ' + shown.size + ' nodes' }, edges, boxes));
  };

  const lineage = (id) => {
    const up = walk(id, reads), down = walk(id, readBy);
    const frame = make('div', {});
    const show = (steps) => {
      const within = (seen) => [...seen].filter(([, far]) => far <= steps).map(([other]) => other);
      const buttons = [[1, 'neighbours'], [2, '2 steps'], [Infinity, 'all']].map(([count, title]) => {
        const button = make('button', { type: 'button', 'aria-pressed': String(count === steps) }, title);
        button.addEventListener('click', () => show(count));
        return [button, ' '];
      });
      frame.replaceChildren(make('p', {}, buttons), graph([...new Set([...within(up), ...within(down)])], id));
    };
    show(up.size + down.size > 40 ? 2 : Infinity);
    return frame;
  };

  const sql = (node) => {
    const texts = [['compiled', node.compiled], ['source', node.raw]].filter(([, text]) => text);
    if (!texts.length) return [];
    const pre = make('pre', { tabindex: 0 });
    const buttons = texts.map(([title, text]) => {
      const button = make('button', { type: 'button' }, title);
      button.addEventListener('click', () => show(title));
      return { title, text, button };
    });
    const show = (title) => {
      for (const one of buttons) one.button.setAttribute('aria-pressed', String(one.title === title));
      pre.textContent = buttons.find((one) => one.title === title).text.trim();
    };
    show(texts[0][0]);
    return [make('h2', {}, 'SQL'), make('p', {}, buttons.map(({ button }) => [button, ' ']).flat()), pre];
  };

  const list = (title, ids) => ids.length === 0 ? [] : [make('h2', {}, title), make('p', {}, ids.map((id, i) => [i ? ', ' : '', link(id)]).flat())];

  const page = (node) => {
    const hasOrigins = node.columns.some(({ from }) => from);
    const columns = node.columns.length === 0 ? [] : [make('h2', {}, 'Columns'), make('div', { class: 'wide' }, make('table', {},
      make('thead', {}, make('tr', {}, ['Name', 'Type', 'Description', 'Tests', ...(hasOrigins ? ['From'] : [])].map((title) => make('th', { scope: 'col' }, title)))),
      make('tbody', {}, node.columns.map((column) => make('tr', { id: 'column-' + column.name },
        make('td', {}, make('code', {}, column.name)), make('td', { class: 'quiet' }, column.type), make('td', {}, markdown(column.description)),
        make('td', {}, column.tests.join(', ')),
        hasOrigins ? make('td', {}, (column.from || []).map(({ node: id, column: name }, i) => [i ? ', ' : '', link(id, (nodes.has(id) ? nodes.get(id).name : id) + '.' + name)]).flat()) : undefined)))))];
    const facts = [['file', node.file], ['relation', node.relation], ['tags', node.tags.join(', ')], ['tests', node.tests.join(', ')], ...node.facts].filter(([, value]) => value);
    return [
      make('h1', {}, node.name),
      make('p', {}, make('span', { class: 'kind', style: 'color: var(--' + node.kind + ')' }, node.kind), make('span', { class: 'quiet' }, [node.materialized, node.package].filter(Boolean).join(' · '))),
      markdown(node.description),
      make('table', {}, make('tbody', {}, facts.map(([name, value]) => make('tr', {}, make('th', { scope: 'row' }, name), make('td', {}, value))))),
      columns,
      list('Reads', node.reads), list('Read by', readBy(node.id)),
      make('h2', {}, 'Lineage'), lineage(node.id),
      sql(node),
    ].flat(3);
  };

  const home = () => {
    const counts = new Map();
    for (const { kind } of data.nodes) counts.set(kind, (counts.get(kind) || 0) + 1);
    return [make('h1', {}, data.project),
      make('p', { class: 'quiet' }, [...counts].map(([kind, count]) => count + ' of kind ' + kind).join(', ') + '; made ' + data.made),
      markdown(data.overview), make('h2', {}, 'Lineage'),
      data.nodes.length === 0 ? 'There are no nodes.' : data.nodes.length > 400 ? 'The project is too large for one picture: choose a node.' : graph(data.nodes.map(({ id }) => id))].flat(2);
  };

  const show = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const node = nodes.get(id);
    main.replaceChildren(...(node ? page(node) : home()));
    document.title = node ? node.name + ' – ' + data.project : data.project;
    for (const one of document.querySelectorAll('#tree a')) {
      if (one.dataset.id === id) one.setAttribute('aria-current', 'page'); else one.removeAttribute('aria-current');
    }
    scrollTo(0, 0);
  };

  const search = document.getElementById('search');
  const tree = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (node) => {
      const text = [node.id, node.name, node.description, ...node.tags, ...node.columns.map(({ name, description }) => name + ' ' + description)].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    };
    const groups = new Map();
    for (const node of data.nodes.filter(fits)) {
      const title = node.kind + (node.package === data.project ? '' : ' of ' + node.package);
      groups.set(title, [...(groups.get(title) || []), node]);
    }
    document.getElementById('tree').replaceChildren(...[...groups].map(([title, members]) => make('details', { open: words.length || groups.size < 8 ? '' : undefined },
      make('summary', {}, title + ' (' + members.length + ')'),
      make('ul', {}, members.sort((a, b) => a.name < b.name ? -1 : 1).map((node) => make('li', {}, make('a', { href: '#' + encodeURIComponent(node.id), 'data-id': node.id, title: node.name }, node.name)))))));
  };
  search.addEventListener('input', tree);
  addEventListener('hashchange', show);
  tree();
  show();
})();
`;
