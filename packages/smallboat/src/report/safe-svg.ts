import { escapeHtml } from './html.ts';
import { safePicture } from './link.ts';
import { type XmlElement, parseXml } from './xml.ts';

/** Largest drawing that is looked at, in characters. */
const LONGEST = 4_000_000;
/** Elements inside each other: a browser has a limit of its own. */
const DEEPEST = 200;

const ELEMENTS = new Set(
  `svg g path rect circle ellipse line polyline polygon text tspan textPath defs symbol use marker linearGradient radialGradient stop clipPath
   mask pattern image title desc`.split(/\s+/),
);

const ATTRIBUTES = new Set(
  `id x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox preserveAspectRatio transform rotate pathLength offset
   textLength lengthAdjust startOffset refX refY orient markerWidth markerHeight markerUnits gradientUnits gradientTransform spreadMethod
   patternUnits patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits version
   fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray
   stroke-dashoffset vector-effect opacity color display visibility overflow clip-path clip-rule mask marker-start marker-mid marker-end
   stop-color stop-opacity paint-order shape-rendering text-rendering image-rendering color-interpolation mix-blend-mode
   font-family font-size font-weight font-style font-variant font-stretch letter-spacing word-spacing text-anchor text-decoration
   dominant-baseline alignment-baseline baseline-shift writing-mode direction pointer-events
   role aria-label aria-hidden aria-roledescription xml:space`.split(/\s+/),
);

export interface SafeSvgOptions {
  /** The drawing goes into the page itself: put before its ids, which must be unique in a page; classes and style sheets are left out. */
  readonly idPrefix?: string;
}

/**
 * A drawing made anew of those elements and attributes of an SVG text that only draw: no script, no handler, no link, no animation, nothing from
 * elsewhere. Undefined where the text is no SVG, or too large.
 */
export function safeSvg(text: string, { idPrefix }: SafeSvgOptions = {}): string | undefined {
  if (text.length > LONGEST) return undefined;
  const root = parseXml(text);
  if (root === undefined || localName(root.name) !== 'svg') return undefined;
  const users = new Set<string>();
  noteUsers(root, [], users);
  return write(root, { users, idPrefix, depth: 0 });
}

interface Writing {
  /** Ids of what draws other parts again: to draw one of them again could go on without end. */
  readonly users: ReadonlySet<string>;
  readonly idPrefix: string | undefined;
  readonly depth: number;
}

function noteUsers(element: XmlElement, around: readonly string[], users: Set<string>): void {
  if (around.length > DEEPEST) return;
  const name = localName(element.name);
  if (name === 'use' || name === 'pattern') for (const id of around) if (id !== '') users.add(id);
  const own = [...around, element.attributes.get('id') ?? ''];
  for (const child of element.children) if (typeof child !== 'string') noteUsers(child, own, users);
}

function write(element: XmlElement, at: Writing): string {
  const name = localName(element.name);
  const isInline = at.idPrefix !== undefined;
  if (at.depth > DEEPEST) return '';
  const content = (): string => element.children.map((child) => writeChild(child, at)).join('');
  if (name === 'a') return `<g>${content()}</g>`;
  if (name === 'style' && !isInline) return styleSheet(element);
  if (!ELEMENTS.has(name)) return '';
  const attributes = attributesOf(element, name, at);
  if (attributes === undefined) return '';
  if (at.depth === 0 && !isInline) attributes.set('xmlns', 'http://www.w3.org/2000/svg');
  const written = [...attributes].map(([key, value]) => ` ${key}="${escapeHtml(value)}"`);
  return `<${name}${written.join('')}>${content()}</${name}>`;
}

function writeChild(child: XmlElement | string, at: Writing): string {
  return typeof child === 'string' ? escapeHtml(child) : write(child, { ...at, depth: at.depth + 1 });
}

/** The attributes that are let through; undefined where the element is to be left out. */
function attributesOf(element: XmlElement, name: string, at: Writing): Map<string, string> | undefined {
  const kept = new Map<string, string>();
  const { idPrefix = '' } = at;
  const set = (key: string, value: string): void => {
    if (!ATTRIBUTES.has(key) || !isHarmless(value)) return;
    kept.set(key, key === 'id' ? idPrefix + value : value.replace(/url\(\s*(["']?)#/gi, `url($1#${idPrefix}`));
  };
  for (const [key, value] of element.attributes) {
    if (key === 'class' && at.idPrefix === undefined) kept.set(key, value);
    else set(key, value);
  }
  // Style attributes are forbidden by the page's policy: most of what they say can be said by attributes.
  for (const part of (element.attributes.get('style') ?? '').split(';')) {
    const colon = part.indexOf(':');
    if (colon > 0) set(part.slice(0, colon).trim(), part.slice(colon + 1).trim());
  }
  const href = element.attributes.get('href') ?? element.attributes.get('xlink:href');
  if (href === undefined) return name === 'use' || name === 'image' ? undefined : kept;
  if (name === 'image') {
    const picture = safePicture(href.replace(/\s/g, ''));
    return picture === undefined ? undefined : kept.set('href', picture);
  }
  const id = /^#([\w:.-]+)$/.exec(href)?.[1];
  if (name === 'use' && (id === undefined || at.users.has(id))) return undefined;
  return id === undefined ? kept : kept.set('href', `#${idPrefix}${id}`);
}

/** Without anything that is fetched or computed. Only places of the drawing itself may be named by `url()`. */
function isHarmless(value: string): boolean {
  const plain = value.replace(/\/\*.*?\*\/|\\|[\p{Cc}\p{Cf}]/gsu, '');
  return !/url\((?!\s*["']?#)|javascript:|expression\(|image-set|@import/i.test(plain);
}

/** A style sheet of a drawing that stands by itself, if there is nothing in it but rules. */
function styleSheet({ children }: XmlElement): string {
  const rules = children.filter((child) => typeof child === 'string').join('');
  if (!isHarmless(rules) || rules.includes('\\') || /@(?!media\b|font-face\b)/.test(rules)) return '';
  return `<style>${escapeHtml(rules).replaceAll('&gt;', '>')}</style>`;
}

function localName(name: string): string {
  return name.startsWith('svg:') ? name.slice(4) : name;
}
