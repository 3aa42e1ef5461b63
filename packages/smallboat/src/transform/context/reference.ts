import type { RefArguments } from '../manifest/node.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Float, PyError, firstOf, numberOf, str } from '../jinja/value.ts';

/** `ref(name)`, `ref(package, name)`, either with `version=` or `v=`. */
export function refOf({ positional, named }: Arguments): RefArguments {
  const [first, second] = positional;
  if (first === undefined || positional.length > 2) {
    throw new PyError(`ref() takes one or two names, got ${positional.length}`);
  }
  const given = firstOf(named.get('version'), named.get('v')) ?? null;
  const number = given === null ? undefined : numberOf(given);
  const version =
    given === null ? null : number === undefined ? str(given) : given instanceof Float ? given.print() : Number(number);
  return second === undefined
    ? { name: nameOf(first), package: null, version }
    : { name: nameOf(second), package: nameOf(first), version };
}

/** `source(source, table)`. */
export function sourceOf({ positional, named }: Arguments): readonly [string, string] {
  const source = positional[0] ?? named.get('source_name');
  const table = positional[1] ?? named.get('table_name');
  if (source === undefined || table === undefined || positional.length > 2) {
    throw new PyError(`source() takes two names, got ${positional.length}`);
  }
  return [nameOf(source), nameOf(table)];
}

/** `metric(name)`, `function(package, name)`: a name, and the package where one is given. */
export function nameWithPackage({ positional }: Arguments): string[] {
  if (positional.length === 0 || positional.length > 2)
    throw new PyError(`one or two names are needed, got ${positional.length}`);
  return positional.map(nameOf);
}

function nameOf(value: Value): string {
  if (typeof value !== 'string') throw new PyError(`a name is needed, got ${str(value)}`);
  return value;
}
