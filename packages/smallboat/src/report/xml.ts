/** An element of an XML text with what is in it: elements and text. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (XmlElement | string)[];
}

/**
 * The root element of an XML text, as far as it can be read: comments, instructions and document types are passed over, entities of one's own
 * are left out, and what is not closed ends with the text. Undefined where there is no element. Linear in the length of the text.
 */
export function parseXml(text: string): XmlElement | undefined {
  const document: XmlElement = { name: '', attributes: new Map(), children: [] };
  const open: XmlElement[] = [document];
  const inside = (): XmlElement => open.at(-1) ?? document;
  let at = 0;
  /** Moves behind `end`; to the end of the text where it is missing. */
  const skipTo = (end: string): string => {
    const found = text.indexOf(end, at);
    const passed = text.slice(at, found < 0 ? text.length : found);
    at = found < 0 ? text.length : found + end.length;
    return passed;
  };
  while (at < text.length) {
    if (text[at] !== '<') {
      const next = text.indexOf('<', at);
      inside().children.push(unescapeXml(text.slice(at, next < 0 ? text.length : next)));
      at = next < 0 ? text.length : next;
    } else if (text.startsWith('<!--', at)) {
      at += 4;
      skipTo('-->');
    } else if (text.startsWith('<![CDATA[', at)) {
      at += 9;
      inside().children.push(skipTo(']]>'));
    } else if (text.startsWith('<?', at)) {
      skipTo('?>');
    } else if (text.startsWith('<!', at)) {
      // A document type with declarations in brackets, or without.
      const head = text.slice(at, at + 2000);
      skipTo(/^<![^>]*\[/.test(head) ? ']' : '>');
      if (text[at] === '>') at += 1;
    } else if (text.startsWith('</', at)) {
      at += 2;
      const name = skipTo('>').trim();
      const from = open.findLastIndex((element) => element.name === name);
      if (from > 0) open.length = from;
    } else {
      at += 1;
      const { element, isClosed, end } = readTag(text, at);
      at = end;
      if (!element) continue;
      inside().children.push(element);
      if (!isClosed) open.push(element);
    }
  }
  return document.children.find((child) => typeof child !== 'string');
}

const NAME = /[\w:.-]+/y;
const ATTRIBUTE = /\s*([\w:.-]+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'))?/y;
const CLOSE = /\s*(\/?)>/y;

function readTag(text: string, from: number): { element?: XmlElement; isClosed: boolean; end: number } {
  const name = matchAt(NAME, text, from)?.[0];
  if (name === undefined) return { isClosed: true, end: from };
  const attributes = new Map<string, string>();
  let at = from + name.length;
  for (;;) {
    const close = matchAt(CLOSE, text, at);
    const element = { name, attributes, children: [] };
    if (close) return { element, isClosed: close[1] === '/', end: at + close[0].length };
    const found = matchAt(ATTRIBUTE, text, at);
    // No attribute and no end: whatever stands here is not XML. Take the tag as it is so far.
    if (!found) return { element, isClosed: true, end: Math.max(at, text.indexOf('>', at) + 1 || text.length) };
    const [whole, key = '', double, single] = found;
    attributes.set(key, unescapeXml(double ?? single ?? ''));
    at += whole.length;
  }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{1,20}));/gi, (_, decimal, hex, name) => {
    if (typeof name === 'string') return NAMED[name] ?? '';
    const code = typeof hex === 'string' ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10_ffff ? String.fromCodePoint(code) : '';
  });
}
