import { columnClass } from '../adapter/column.ts';
import type { Relation } from '../adapter/relation.ts';
import { createRelation } from '../adapter/relation.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Bag, Dict, Fn, PyObject, str } from '../jinja/value.ts';
import { ASKING } from './adapter-asking.ts';
import type { AdapterOptions } from './adapter-options.ts';
import { quotingOf } from './adapter-options.ts';
import { PLAIN } from './adapter-plain.ts';
import type { Invocation } from './invocation.ts';

/** `adapter` and `api` of dbt. */
export class AdapterObject extends PyObject {
  readonly type = 'Adapter';
  private readonly options: AdapterOptions;
  constructor(options: AdapterOptions) {
    super();
    this.options = options;
  }

  override attribute(name: string): Value | undefined {
    const { options } = this;
    if (name === 'dispatch') return new Fn('dispatch', (given) => options.macros.dispatch(given));
    if (name === 'Relation') return relationClass(options.invocation);
    if (name === 'Column') return columnClass(options.invocation.adapter);
    if (name === 'config') return new Bag('config', { project_name: options.invocation.root.name });
    if (name === 'behavior') return new Bag('Behavior', {});
    if (name === 'is_cancelable') return new Fn(name, () => true);
    const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
    if (plain) return new Fn(name, (given) => plain(given, options));
    const asking = Object.hasOwn(ASKING, name) ? ASKING[name] : undefined;
    // As dbt: while a project is read the adapter has all that is asked of it; a name that it has not is an error when the node runs.
    if (!asking) return options.session ? undefined : new Fn(name, () => '');
    return new Fn(name, (given) => (options.session ? asking.run(given, options) : asking.atParse()));
  }

  print(): string {
    return `<${this.options.invocation.adapter.type} adapter>`;
  }
}

const TYPES = {
  Table: 'table',
  View: 'view',
  CTE: 'cte',
  MaterializedView: 'materialized_view',
  External: 'external',
  Function: 'function',
};

function relationClass(invocation: Invocation): Bag {
  const make = (given: Arguments): Relation => createRelation(invocation.adapter, given, quotingOf(invocation));
  return new Bag('Relation', {
    ...TYPES,
    create: new Fn('create', make),
    scd_args: new Fn('scd_args', ({ positional: [key = '', updated = ''] }) => [
      ...(Array.isArray(key) ? key : [key]),
      updated,
    ]),
    add_ephemeral_prefix: new Fn('add_ephemeral_prefix', ({ positional: [name = ''] }) => `__dbt__cte__${str(name)}`),
    get_default_quote_policy: new Fn(
      'get_default_quote_policy',
      () => new Dict(Object.entries(invocation.adapter.quotes)),
    ),
  });
}

/** `api.Relation`, `api.Column`. */
export function apiValue(invocation: Invocation): Bag {
  return new Bag('api', { Relation: relationClass(invocation), Column: columnClass(invocation.adapter) });
}
