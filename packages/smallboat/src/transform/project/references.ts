import type { Arguments, Value } from '../jinja/value.ts';
import { PyError, str } from '../jinja/value.ts';

/** What a template's `ref(…)` or `source(…)` names. */
export type Reference =
  | { readonly kind: 'ref'; readonly name: string; readonly package?: string }
  | { readonly kind: 'source'; readonly source: string; readonly name: string };

/** `ref(name)` or `ref(package, name)`. */
export function refOf({ positional, named }: Arguments): Reference {
  if (named.has('version') || named.has('v')) throw new PyError('versions of models are not supported yet');
  const [first, second] = positional;
  if (first === undefined || positional.length > 2) {
    throw new PyError(`ref() takes one or two names, got ${positional.length}`);
  }
  if (second === undefined) return { kind: 'ref', name: name(first) };
  return { kind: 'ref', package: name(first), name: name(second) };
}

/** `source(source, table)`. */
export function sourceOf({ positional }: Arguments): Reference {
  const [source, table] = positional;
  if (source === undefined || table === undefined || positional.length > 2) {
    throw new PyError(`source() takes two names, got ${positional.length}`);
  }
  return { kind: 'source', source: name(source), name: name(table) };
}

function name(value: Value): string {
  if (typeof value !== 'string') throw new PyError(`a name is needed, got ${str(value)}`);
  return value;
}
