/** The fields of CSV text, line by line: RFC 4180, with a separator of one character. */
export function csvLines(text: string, separator = ','): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  let at = 0;
  const end = text.length;
  while (at < end) {
    let field = '';
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const close = text.indexOf('"', at);
        if (close === -1) {
          field += text.slice(at);
          at = end;
          break;
        }
        field += text.slice(at, close);
        at = close + 1;
        if (text[at] !== '"') break;
        field += '"';
        at += 1;
      }
    }
    let stop = at;
    while (stop < end && text[stop] !== separator && text[stop] !== '\n' && text[stop] !== '\r') stop += 1;
    field += text.slice(at, stop);
    line.push(field);
    at = stop;
    if (text[at] === separator) {
      at += 1;
      if (at === end) line.push('');
      continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    lines.push(line);
    line = [];
  }
  if (line.length > 0) lines.push(line);
  return lines;
}

/** The rows of CSV text with a line of names; an empty field is missing. */
export function csvRows(text: string): Record<string, string | null>[] {
  const [names = [], ...lines] = csvLines(text.trim()).map((line) => line.map((field) => field.trim()));
  return lines
    .filter((line) => line.some((field) => field !== ''))
    .map((line) =>
      Object.fromEntries(names.map((name, i) => [name, line[i] === undefined || line[i] === '' ? null : line[i]])),
    );
}
