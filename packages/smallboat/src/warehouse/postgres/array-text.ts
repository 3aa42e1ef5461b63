import type { Cell } from '../warehouse.ts';

/** Reads an array as PostgreSQL prints it: `{1,NULL,"a \"b\""}`, nested ones, and those with bounds of their own (`[0:1]={…}`). */
export function parseArrayText(text: string, parse: (item: string) => Cell): Cell[] {
  let at = text.indexOf('{');
  const list = (): Cell[] => {
    const items: Cell[] = [];
    at++; // the brace
    while (at < text.length && text[at] !== '}') {
      if (text[at] === ',') at++;
      else if (text[at] === '{') items.push(list());
      else if (text[at] === '"') items.push(parse(quoted()));
      else {
        const end = /[,}]/.exec(text.slice(at))?.index ?? text.length - at;
        const item = text.slice(at, at + end);
        at += end;
        items.push(item === 'NULL' ? null : parse(item));
      }
    }
    at++;
    return items;
  };
  const quoted = (): string => {
    let item = '';
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === '\\') at++;
      item += text[at];
    }
    at++;
    return item;
  };
  return at === -1 ? [] : list();
}
