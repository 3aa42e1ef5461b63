import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';
import { criteriaOf } from './criteria.ts';

type Definition = Readonly<Record<string, unknown>>;

/** The selectors of selectors.yml as dbt writes them into a manifest: texts taken apart, other selectors put in. */
export function selectorDocument(data: unknown): Record<string, Definition> {
  const done: Record<string, Definition> = {};
  for (const entry of listOf(recordOf(data)['selectors']).filter(isRecord)) {
    const name = textOf(entry['name']) ?? '';
    done[name] = { ...entry, definition: plain(entry['definition'], done) };
  }
  return done;
}

function plain(definition: unknown, others: Readonly<Record<string, Definition>>): unknown {
  if (typeof definition === 'string') return specOf(definition);
  if (!isRecord(definition)) return definition;
  const all = (items: unknown): unknown[] => listOf(items).map((item) => plain(item, others));
  for (const kind of ['union', 'intersection']) {
    if (kind in definition) return { [kind]: all(definition[kind]) };
  }
  const [[key, value] = ['', undefined], ...rest] = Object.entries(definition);
  if (key === 'exclude') return { exclude: all(value) };
  if (rest.length === 0) return { method: key, value: Array.isArray(value) ? all(value) : value };
  if (key === 'method' && value === 'selector') return others[textOf(definition['value']) ?? '']?.['definition'];
  return definition;
}

function specOf(text: string): Definition {
  const one = criteriaOf(text, 'eager');
  const depth = (name: string, size: number | undefined): Definition =>
    size === undefined ? {} : { [name]: true, ...(size === Infinity ? {} : { [`${name}_depth`]: String(size) }) };
  return {
    ...(one.withChildrensParents ? { childrens_parents: true } : {}),
    ...depth('parents', one.parents),
    method: [one.method, ...one.methodArguments].join('.'),
    value: one.value,
    ...depth('children', one.children),
  };
}
