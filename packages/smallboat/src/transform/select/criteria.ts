import { projectErrors } from '../project/errors.ts';
import { isRecord, listOf, recordOf, textOf } from '../project/plain.ts';

/** Which tests come along with what they test. */
export type IndirectSelection = 'eager' | 'cautious' | 'buildable' | 'empty';

/** One part of a selection: `2+tag:nightly+`. */
export interface Criteria {
  readonly kind: 'criteria';
  readonly method: string;
  /** Behind the method's name: `config.materialized` has `['materialized']`. */
  readonly methodArguments: readonly string[];
  readonly value: string;
  /** All that reads it, and all that those need: `@`. */
  readonly withChildrensParents: boolean;
  /** How far up; undefined: not at all; Infinity: all the way. */
  readonly parents: number | undefined;
  readonly children: number | undefined;
  readonly indirect: IndirectSelection;
  /** As it was written. */
  readonly raw: string;
}

/** What is chosen: parts put together. */
export type Selection =
  | Criteria
  | {
      readonly kind: 'union' | 'intersection';
      readonly parts: readonly Selection[];
      readonly indirect: IndirectSelection;
    }
  | {
      readonly kind: 'difference';
      readonly from: Selection;
      readonly without: Selection;
      readonly indirect: IndirectSelection;
    };

const SPEC = /^(?<at>@)?(?<up>(?<upDepth>\d*)\+)?((?<method>[\w.]+):)?(?<value>.*?)(?<down>\+(?<downDepth>\d*))?$/s;

/** The methods of dbt's selector grammar. */
export const METHODS = [
  'fqn',
  'tag',
  'group',
  'access',
  'source',
  'path',
  'file',
  'package',
  'config',
  'test_name',
  'test_type',
  'resource_type',
  'state',
  'exposure',
  'metric',
  'result',
  'source_status',
  'version',
  'semantic_model',
  'saved_query',
  'unit_test',
  'function',
];

/** Reads one part of a selection. @throws `SELECTION_INVALID`. */
export function criteriaOf(raw: string, indirect: IndirectSelection): Criteria {
  const groups = SPEC.exec(raw)?.groups;
  const value = groups?.['value'] ?? '';
  if (!groups || value === '') {
    throw projectErrors.SELECTION_INVALID({ selection: raw, problem: 'it names nothing' });
  }
  const [method = '', ...methodArguments] = (groups['method'] ?? implicitMethod(value)).split('.');
  if (!METHODS.includes(method)) {
    throw projectErrors.SELECTION_INVALID({
      selection: raw,
      problem: `'${method}' is no method; there are ${METHODS.join(', ')}`,
    });
  }
  const depth = (sign: string | undefined, number: string | undefined): number | undefined =>
    sign === undefined ? undefined : number === undefined || number === '' ? Infinity : Number(number);
  const parents = depth(groups['up'], groups['upDepth']);
  const children = depth(groups['down'], groups['downDepth']);
  const withChildrensParents = groups['at'] !== undefined;
  if (withChildrensParents && children !== undefined) {
    throw projectErrors.SELECTION_INVALID({
      selection: raw,
      problem: "'@' before and '+' after a name exclude each other",
    });
  }
  return { kind: 'criteria', method, methodArguments, value, withChildrensParents, parents, children, indirect, raw };
}

function implicitMethod(value: string): string {
  if (value.includes('/') || value.includes('\\')) return 'path';
  return /\.(sql|py|csv)$/.test(value.toLowerCase()) ? 'file' : 'fqn';
}

/** `--select a b,c`: a space or a further text is "or", a comma is "and". */
export function selectionOf(texts: readonly string[], indirect: IndirectSelection): Selection {
  const parts = texts
    .flatMap((text) => text.split(' '))
    .filter((text) => text !== '')
    .map((text): Selection => {
      const pieces = text.split(',').map((piece) => criteriaOf(piece, indirect));
      const [only] = pieces;
      return pieces.length === 1 && only ? only : { kind: 'intersection', parts: pieces, indirect };
    });
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind: 'union', parts, indirect };
}

/** The method of a selection where nothing is said; it cannot be written. */
export const ANYTHING = '';

export const EVERYTHING: Criteria = {
  kind: 'criteria',
  method: ANYTHING,
  methodArguments: [],
  value: '*',
  withChildrensParents: false,
  parents: undefined,
  children: undefined,
  indirect: 'eager',
  raw: 'fqn:*',
};

export interface YamlSelector {
  readonly name: string;
  readonly isDefault: boolean;
  readonly selection: Selection;
}

/** The selectors of selectors.yml. @throws `SELECTION_INVALID`. */
export function selectorsOf(data: unknown, indirect: IndirectSelection): Map<string, YamlSelector> {
  const selectors = new Map<string, YamlSelector>();
  for (const entry of listOf(recordOf(data)['selectors'])) {
    const given = recordOf(entry);
    const name = textOf(given['name']);
    if (name === undefined)
      throw projectErrors.SELECTION_INVALID({ selection: 'selectors.yml', problem: 'a selector has no name' });
    const selection = fromDefinition(given['definition'], { selectors, indirect, name });
    const isDefault = given['default'] === true || textOf(given['default'])?.toLowerCase() === 'true';
    selectors.set(name, { name, isDefault, selection });
  }
  return selectors;
}

interface DefinitionContext {
  readonly selectors: ReadonlyMap<string, YamlSelector>;
  readonly indirect: IndirectSelection;
  readonly name: string;
}

function fromDefinition(definition: unknown, context: DefinitionContext): Selection {
  const fail = (problem: string): never => {
    throw projectErrors.SELECTION_INVALID({ selection: context.name, problem });
  };
  if (typeof definition === 'string') return criteriaOf(definition, context.indirect);
  if (!isRecord(definition)) return fail('a definition must be a text or a mapping');
  for (const kind of ['union', 'intersection'] as const) {
    if (definition[kind] === undefined) continue;
    const items = listOf(definition[kind]);
    const without = items.filter((item) => isRecord(item) && 'exclude' in item);
    const parts = items.filter((item) => !without.includes(item)).map((item) => fromDefinition(item, context));
    const combined: Selection = { kind, parts, indirect: context.indirect };
    return excluding(
      combined,
      without.flatMap((item) => listOf(recordOf(item)['exclude'])),
      context,
    );
  }
  if (typeof definition['method'] === 'string') return fromMethod(definition, context);
  const [entry, ...more] = Object.entries(definition);
  if (!entry || more.length > 0)
    return fail(
      `a definition must be one of union, intersection, method or one 'method: value', found ${Object.keys(definition).join(', ')}`,
    );
  return criteriaOf(`${entry[0]}:${textOf(entry[1]) ?? ''}`, context.indirect);
}

function fromMethod(definition: Readonly<Record<string, unknown>>, context: DefinitionContext): Selection {
  const method = textOf(definition['method']) ?? '';
  const value = textOf(definition['value']) ?? '';
  if (method === 'selector') {
    const other = context.selectors.get(value);
    if (!other)
      throw projectErrors.SELECTION_INVALID({
        selection: context.name,
        problem: `it refers to the selector '${value}', which does not stand before it`,
      });
    return excluding(other.selection, listOf(definition['exclude']), context);
  }
  const depth = (key: string, size: string): number | undefined => {
    if (definition[key] !== true) return undefined;
    const limit = definition[size];
    return typeof limit === 'number' ? limit : Infinity;
  };
  const [name = '', ...methodArguments] = method.split('.');
  if (!METHODS.includes(name))
    throw projectErrors.SELECTION_INVALID({ selection: context.name, problem: `'${name}' is no method` });
  const indirect = textOf(definition['indirect_selection']) as IndirectSelection | undefined; // one of the four, or nothing is found by it
  const criteria: Criteria = {
    kind: 'criteria',
    method: name,
    methodArguments,
    value,
    withChildrensParents: definition['childrens_parents'] === true,
    parents: depth('parents', 'parents_depth'),
    children: depth('children', 'children_depth'),
    indirect: indirect ?? context.indirect,
    raw: `${method}:${value}`,
  };
  return excluding(criteria, listOf(definition['exclude']), context);
}

function excluding(selection: Selection, items: readonly unknown[], context: DefinitionContext): Selection {
  if (items.length === 0) return selection;
  const parts = items.map((item) => fromDefinition(item, context));
  return {
    kind: 'difference',
    from: selection,
    without: { kind: 'union', parts, indirect: context.indirect },
    indirect: context.indirect,
  };
}
