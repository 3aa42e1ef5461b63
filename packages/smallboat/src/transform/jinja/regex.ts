import { RE_FLAGS, patternOf } from './regex-pattern.ts';
import type { Arguments, Value } from './value.ts';
import { Bag, Dict, Fn, PyObject, Tuple, numberOf, str } from './value.ts';

type Found = RegExpExecArray | RegExpMatchArray;

/** What a pattern found in a text: Python's `Match`. */
class Match extends PyObject {
  readonly type = 'Match';
  private readonly found: Found;
  constructor(found: Found) {
    super();
    this.found = found;
  }

  private part(which: Value): Value {
    const { found } = this;
    return typeof which === 'string' ? (found.groups?.[which] ?? null) : (found[Number(numberOf(which))] ?? null);
  }

  private span(which: Value = 0): readonly [number, number] {
    const { indices } = this.found;
    const place = typeof which === 'string' ? indices?.groups?.[which] : indices?.[Number(numberOf(which))];
    return place ?? [-1, -1];
  }

  private readonly methods: Readonly<Record<string, (given: Arguments) => Value>> = {
    group: ({ positional }) =>
      positional.length > 1 ? new Tuple(positional.map((which) => this.part(which))) : this.part(positional[0] ?? 0),
    groups: ({ positional: [missing = null] }) => new Tuple(this.found.slice(1).map((part) => part ?? missing)),
    groupdict: ({ positional: [missing = null] }) =>
      new Dict(Object.entries(this.found.groups ?? {}).map(([name, part]) => [name, part ?? missing] as const)),
    start: ({ positional: [which] }) => this.span(which)[0],
    end: ({ positional: [which] }) => this.span(which)[1],
    span: ({ positional: [which] }) => new Tuple(this.span(which)),
  };

  override attribute(name: string): Value | undefined {
    if (name === 'string') return this.found.input ?? '';
    const method = Object.hasOwn(this.methods, name) ? this.methods[name] : undefined;
    return method && new Fn(name, method);
  }

  print(): string {
    const [start, end] = this.span();
    return `<re.Match object; span=(${start}, ${end}), match='${this.found[0] ?? ''}'>`;
  }
}

/** One of Python's patterns, with the bits of its flags. */
type Compile = (flags: string) => RegExp;
const found = (match: Found | null): Value => (match === null ? null : new Match(match));
const limit = (value: Value | undefined): number => Number(numberOf(value ?? 0)) || Infinity;

/** `\1`, `\g<1>`, `\g<name>` and `\n` of a replacement. */
function replacement(by: string, match: Found): string {
  return by.replace(/\\(?:g<(\w+)>|(\d{1,2})|(.))/gs, (_all, named?: string, number?: string, letter?: string) => {
    const which = named ?? number;
    if (which === undefined) return { n: '\n', t: '\t', r: '\r' }[letter ?? ''] ?? letter ?? '';
    return (/^\d+$/.test(which) ? match[Number(which)] : match.groups?.[which]) ?? '';
  });
}

function substituted(compile: Compile, by: string, text: string, most: number): readonly [text: string, times: number] {
  let made = '';
  let at = 0;
  let times = 0;
  for (const match of text.matchAll(compile('g'))) {
    if (times === most) break;
    made += text.slice(at, match.index) + replacement(by, match);
    at = match.index + match[0].length;
    times += 1;
  }
  return [made + text.slice(at), times];
}

function split(compile: Compile, text: string, most: number): Value[] {
  const parts: Value[] = [];
  let at = 0;
  let times = 0;
  for (const match of text.matchAll(compile('g'))) {
    if (times === most) break;
    parts.push(text.slice(at, match.index), ...match.slice(1).map((part) => part ?? null));
    at = match.index + match[0].length;
    times += 1;
  }
  return [...parts, text.slice(at)];
}

/** What `re` and a compiled pattern both do; the pattern itself comes first where it is not compiled. */
const METHODS: Readonly<Record<string, (compile: Compile, given: Arguments) => Value>> = {
  match: (compile, { positional: [text] }) => found(compile('yd').exec(str(text ?? ''))),
  search: (compile, { positional: [text] }) => found(compile('d').exec(str(text ?? ''))),
  fullmatch: (compile, { positional: [text] }) => {
    const { source, flags } = compile('d');
    return found(new RegExp(`^(?:${source})(?![\\s\\S])`, flags.replace('m', '')).exec(str(text ?? '')));
  },
  sub: (compile, { positional: [by = '', text = '', count], named }) =>
    substituted(compile, str(by), str(named.get('string') ?? text), limit(count ?? named.get('count')))[0],
  subn: (compile, { positional: [by = '', text = '', count], named }) =>
    new Tuple(substituted(compile, str(by), str(text), limit(count ?? named.get('count')))),
  findall: (compile, { positional: [text] }) =>
    [...str(text ?? '').matchAll(compile('g'))].map((match) =>
      match.length > 2 ? new Tuple(match.slice(1).map((part) => part ?? '')) : (match[1] ?? match[0]),
    ),
  finditer: (compile, { positional: [text] }) =>
    [...str(text ?? '').matchAll(compile('gd'))].map((match) => new Match(match)),
  split: (compile, { positional: [text, most], named }) =>
    split(compile, str(text ?? ''), limit(most ?? named.get('maxsplit'))),
};
/** Where the flags stand among the positional arguments that follow the pattern. */
const FLAGS_AT: Readonly<Record<string, number>> = { sub: 3, subn: 3, split: 2 };

/** A pattern that `compile` gave. */
class Pattern extends PyObject {
  readonly type = 'Pattern';
  readonly text: string;
  readonly bits: number;
  constructor(text: string, bits: number) {
    super();
    this.text = text;
    this.bits = bits;
    patternOf(text, bits);
  }
  override attribute(name: string): Value | undefined {
    if (name === 'pattern') return this.text;
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    return method && new Fn(name, (given) => method((flags) => patternOf(this.text, this.bits, flags), given));
  }
  print(): string {
    return `re.compile('${this.text}')`;
  }
}

const bitsOf = (value: Value | undefined): number => Number(numberOf(value ?? 0) ?? 0);

/** Python's `re`, for what templates do with it. */
export const re = new Bag('re', {
  ...Object.fromEntries(
    Object.entries(METHODS).map(([name, method]) => [
      name,
      new Fn(name, ({ positional: [what = '', ...positional], named }) => {
        const bits = bitsOf(positional[FLAGS_AT[name] ?? 1] ?? named.get('flags'));
        const own = what instanceof Pattern ? what : new Pattern(str(what), bits);
        return method((flags) => patternOf(own.text, own.bits, flags), { positional, named });
      }),
    ]),
  ),
  compile: new Fn('compile', ({ positional: [what = '', bits], named }) =>
    what instanceof Pattern ? what : new Pattern(str(what), bitsOf(bits ?? named.get('flags'))),
  ),
  escape: new Fn('escape', ({ positional: [text = ''] }) => str(text).replace(/[\s#$&()*+\-.?[\\\]^{|}~]/g, '\\$&')),
  ...RE_FLAGS,
  I: RE_FLAGS.IGNORECASE,
  M: RE_FLAGS.MULTILINE,
  S: RE_FLAGS.DOTALL,
  U: RE_FLAGS.UNICODE,
  X: RE_FLAGS.VERBOSE,
  A: RE_FLAGS.ASCII,
});
