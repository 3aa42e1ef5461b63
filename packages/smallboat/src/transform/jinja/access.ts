import { methodOf } from './methods.ts';
import type { Value } from './value.ts';
import { firstOf, PyObject, Tuple, Undefined, numberOf, PyError, repr, typeName } from './value.ts';

/** What Jinja calls a value in its messages. */
function kindText(value: Value): string {
  return value === null ? 'None' : `${typeName(value)} object`;
}

/** `value.name`: an attribute or method, else the item of that name, else undefined (Jinja's kind). */
export function attributeOf(value: Value, name: string): Value {
  if (value instanceof Undefined) return useUndefined(value);
  const found =
    methodOf(value, name) ?? (value instanceof PyObject ? firstOf(value.attribute(name), value.item(name)) : undefined);
  return found === undefined ? new Undefined(`'${kindText(value)}' has no attribute '${name}'`) : found;
}

/** `value[key]`: an item, else the attribute of that name, else undefined. */
export function itemOf(value: Value, key: Value): Value {
  if (value instanceof Undefined) return useUndefined(value);
  const items =
    typeof value === 'string'
      ? Array.from(value)
      : Array.isArray(value)
        ? value
        : value instanceof Tuple
          ? value.items
          : undefined;
  if (items !== undefined) {
    const place = numberOf(key);
    const at = Number(place) < 0 ? Number(place) + items.length : Number(place);
    const item = place === undefined ? undefined : items[at];
    if (item !== undefined) return item;
    if (place !== undefined) return new Undefined(`${kindText(value)} has no element ${String(place)}`);
  }
  if (value instanceof PyObject) {
    const item = value.item(key);
    if (item !== undefined) return item;
  }
  if (typeof key === 'string') {
    const found = methodOf(value, key) ?? (value instanceof PyObject ? value.attribute(key) : undefined);
    if (found !== undefined) return found;
  }
  return new Undefined(
    typeof key === 'string'
      ? `'${kindText(value)}' has no attribute ${repr(key)}`
      : `${kindText(value)} has no element ${repr(key)}`,
  );
}

function useUndefined(value: Undefined): Undefined {
  if (value.isLenient) return value;
  throw new PyError(value.problem);
}

/** What `attribute='a.0.b'` of a filter names. */
export function pathOf(value: Value, path: Value): Value {
  if (typeof path !== 'string') return itemOf(value, path);
  let found = value;
  for (const part of path.split('.')) found = itemOf(found, /^\d+$/.test(part) ? Number(part) : part);
  return found;
}
