import type { Value } from './value.ts';
import { Bag, Fn, Tuple, numberOf, str } from './value.ts';

/** A pattern of Python as one of JavaScript: named groups are written differently. */
function pattern(text: Value | undefined, flags = 'u'): RegExp {
  return new RegExp(str(text ?? '').replaceAll('(?P<', '(?<'), flags);
}

function matchValue(found: RegExpExecArray | null): Value {
  if (found === null) return null;
  const group = new Fn('group', ({ positional: [which = 0] }) =>
    typeof which === 'string' ? (found.groups?.[which] ?? null) : (found[Number(numberOf(which))] ?? null),
  );
  const groups = new Fn('groups', () => new Tuple(found.slice(1).map((part) => part ?? null)));
  return new Bag('Match', { group, groups });
}

export const re = new Bag('re', {
  match: new Fn('match', ({ positional: [what, text] }) => matchValue(pattern(what, 'uy').exec(str(text ?? '')))),
  search: new Fn('search', ({ positional: [what, text] }) => matchValue(pattern(what).exec(str(text ?? '')))),
  fullmatch: new Fn('fullmatch', ({ positional: [what, text] }) =>
    matchValue(new RegExp(`^(?:${pattern(what).source})$`, 'u').exec(str(text ?? ''))),
  ),
  sub: new Fn('sub', ({ positional: [what, by = '', text = ''] }) =>
    str(text).replace(
      pattern(what, 'gu'),
      str(by)
        .replaceAll('$', '$$$$')
        .replace(/\\g?<?(\d+)>?/g, '$$$1'),
    ),
  ),
  findall: new Fn('findall', ({ positional: [what, text] }) =>
    [...str(text ?? '').matchAll(pattern(what, 'gu'))].map((found) =>
      found.length > 2 ? new Tuple(found.slice(1)) : (found[1] ?? found[0]),
    ),
  ),
  split: new Fn('split', ({ positional: [what, text] }) => str(text ?? '').split(pattern(what))),
});
