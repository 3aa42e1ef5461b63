import { PyError } from './value.ts';

/** Python's flags of `re`, by their bits. */
export const RE_FLAGS = { IGNORECASE: 2, MULTILINE: 8, DOTALL: 16, UNICODE: 32, VERBOSE: 64, ASCII: 256 } as const;
const INLINE: Readonly<Record<string, number>> = { i: 2, m: 8, s: 16, u: 32, x: 64, a: 256 };

const END = '(?![\\s\\S])';
const CLASSES: Readonly<Record<string, readonly [inside: string, outside: string]>> = {
  d: ['\\p{Nd}', '\\p{Nd}'],
  D: ['\\P{Nd}', '\\P{Nd}'],
  w: ['\\p{L}\\p{N}_', '[\\p{L}\\p{N}_]'],
  W: ['\\W', '[^\\p{L}\\p{N}_]'],
};
const QUANTIFIER = /^\{(\d*)(?:(,)(\d*))?\}/;

/** A pattern of Python's `re` as a regular expression of JavaScript, with `flags` more. @throws PyError for one that is none. */
export function patternOf(text: string, bits = 0, flags = ''): RegExp {
  const inline = /^\(\?([aimsux]+)\)/.exec(text);
  const all = Array.from(inline?.[1] ?? '').reduce((sum, letter) => sum | (INLINE[letter] ?? 0), bits);
  const source = translated(inline ? text.slice(inline[0].length) : text, all);
  const own = `u${(all & RE_FLAGS.IGNORECASE) === 0 ? '' : 'i'}${(all & RE_FLAGS.MULTILINE) === 0 ? '' : 'm'}`;
  try {
    return new RegExp(source, own + flags);
  } catch (error) {
    if (error instanceof SyntaxError) throw new PyError(`'${text}' is no regular expression: ${error.message}`);
    throw error;
  }
}

/** Goes over a pattern from left to right, and writes what JavaScript reads the same way. */
function translated(text: string, bits: number): string {
  const isAscii = (bits & RE_FLAGS.ASCII) !== 0;
  let made = '';
  let i = 0;
  while (i < text.length) {
    const rest = text.slice(i);
    const letter = text.charAt(i);
    const group = /^\(\?(?:P<(\w+)>|P=(\w+)\)|#[^)]*\))/.exec(rest);
    if (letter === '\\') {
      made += escaped(text.charAt(i + 1), { isInside: false, isAscii });
      i += 2;
    } else if (group) {
      const [all, name, again] = group;
      if (name !== undefined) made += `(?<${name}>`;
      else if (again !== undefined) made += `\\k<${again}>`;
      i += all.length;
    } else if (letter === '[') {
      const [written, length] = bracket(rest, isAscii);
      made += written;
      i += length;
    } else if (letter === '{') {
      const [all, least = '', comma = '', most = ''] = QUANTIFIER.exec(rest) ?? [];
      const isQuantifier = all !== undefined && (least !== '' || most !== '');
      made += isQuantifier ? `{${least === '' ? '0' : least}${comma}${most}}` : '\\{';
      i += isQuantifier ? all.length : 1;
    } else if ((bits & RE_FLAGS.VERBOSE) !== 0 && /^\s|^#/.test(rest)) {
      i += /^(?:\s|#[^\n]*)/.exec(rest)?.[0].length ?? 1;
    } else {
      made += plain(letter, bits);
      i += 1;
    }
  }
  return made;
}

function plain(letter: string, bits: number): string {
  if (letter === '}' || letter === ']') return `\\${letter}`;
  if (letter === '.') return (bits & RE_FLAGS.DOTALL) === 0 ? '[^\\n]' : '[\\s\\S]';
  if (letter === '$' && (bits & RE_FLAGS.MULTILINE) === 0) return `(?=\\n?${END})`;
  return letter;
}

/** A class in brackets, and how long it was. */
function bracket(rest: string, isAscii: boolean): readonly [written: string, length: number] {
  let i = rest.startsWith('[^') ? 2 : 1;
  let made = rest.slice(0, i);
  const first = i;
  while (i < rest.length && (rest[i] !== ']' || i === first)) {
    if (rest[i] === '\\') {
      made += escaped(rest.charAt(i + 1), { isInside: true, isAscii });
      i += 2;
    } else {
      made += rest[i] === ']' || rest[i] === '[' ? `\\${rest[i]}` : rest[i];
      i += 1;
    }
  }
  return [`${made}]`, i + 1];
}

function escaped(
  letter: string,
  { isInside, isAscii }: { readonly isInside: boolean; readonly isAscii: boolean },
): string {
  if (letter === 'A') return '(?<![\\s\\S])';
  if (letter === 'Z') return END;
  const known = isAscii ? undefined : CLASSES[letter];
  if (known) return known[isInside ? 0 : 1];
  if (letter === 'a') return '\\x07';
  if (/[\w^$\\.*+?()[\]{}|/]/.test(letter) && letter !== '_') return `\\${letter}`;
  return letter === '-' && isInside ? '\\-' : letter;
}
