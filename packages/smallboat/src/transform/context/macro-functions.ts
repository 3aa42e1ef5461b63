import { macro } from '../jinja/run.ts';
import { outermost } from '../jinja/scope.ts';
import type { Arguments, Value } from '../jinja/value.ts';
import { Dict, Fn, PyError, PyObject, str } from '../jinja/value.ts';
import type { Macro, MacroRegistry } from '../macros/registry.ts';
import { nearestNames } from '../project/errors.ts';

export interface MacroFunctionsOptions {
  readonly registry: MacroRegistry;
  /** The package of the node whose templates call them. */
  readonly from: string;
  /** What the macros find when they run: the names of that node. */
  readonly globals: (name: string) => Value | undefined;
  readonly isLenient: boolean;
  /** Told of each macro that the node's own template calls, not of those that macros call. */
  readonly onCall?: (macro: Macro) => void;
  /** Macros that stand in for others: what a unit test overrides. */
  readonly overrides?: ReadonlyMap<string, Value>;
}

/** How deep macros may call each other: Python gives up near a thousand frames, of which a call takes several. */
const MAX_DEPTH = 200;

/** Macros as functions, as the templates of one node find them. */
export class MacroFunctions {
  private readonly options: MacroFunctionsOptions;
  private readonly made = new Map<Macro, Fn>();
  private depth = 0;

  constructor(options: MacroFunctionsOptions) {
    this.options = options;
  }

  /** A macro by its bare name. */
  find(name: string): Fn | undefined {
    const override = this.options.overrides?.get(name);
    if (override !== undefined) return override instanceof Fn ? override : new Fn(name, () => override);
    const found = this.options.registry.find(name, this.options.from);
    return found && this.of(found);
  }

  /** The namespace of a package: `dbt_utils` of `dbt_utils.star`. */
  namespace(name: string): Value | undefined {
    const { registry, overrides } = this.options;
    if (name !== 'dbt' && !registry.hasPackage(name)) return undefined;
    return new MacroNamespace(name, {
      find: (macroName) => {
        const override = overrides?.get(`${name}.${macroName}`);
        if (override !== undefined) return new Fn(macroName, () => override);
        const found = registry.inNamespace(name, macroName);
        return found && this.of(found);
      },
      names: () => registry.namesIn(name),
    });
  }

  /** `adapter.dispatch(name, namespace)`. */
  dispatch({ positional, named }: Arguments): Fn {
    const name = str(positional[0] ?? named.get('macro_name') ?? '');
    const given = positional[1] ?? named.get('macro_namespace') ?? null;
    const namespace = given === null ? undefined : str(given);
    if (name.includes('.')) {
      const [space = '', rest = ''] = name.split('.', 2);
      throw new PyError(
        `In adapter.dispatch, got a macro name of "${name}", but "." is not a valid macro name component. Did you mean adapter.dispatch("${rest}", macro_namespace="${space}")?`,
      );
    }
    const { registry, from } = this.options;
    const result = registry.dispatch(name, namespace, from);
    if ('macro' in result) return this.of(result.macro);
    const near = nearestNames(`default__${name}`, registry.namesIn(namespace ?? from));
    const guess = near.length > 0 ? ` Did you mean '${near.join("' or '")}'?` : '';
    throw new PyError(
      `In dispatch: No macro named '${name}' found within namespace: '${namespace ?? 'None'}'. Searched for: ${result.tried.map((one) => `'${one}'`).join(', ')}.${guess}`,
    );
  }

  of(found: Macro): Fn {
    const known = this.made.get(found);
    if (known) return known;
    const { globals, isLenient, onCall } = this.options;
    let inner: Fn | undefined;
    const fn = new Fn(
      found.name,
      async (given) => {
        inner ??= macro(found.parsed(), { source: found.source, scope: outermost(globals), isLenient });
        if (this.depth === 0) onCall?.(found);
        if (this.depth >= MAX_DEPTH) {
          throw new PyError(
            `maximum recursion depth exceeded: macro '${found.name}' is ${MAX_DEPTH} calls deep. Does it call itself without end?`,
          );
        }
        this.depth += 1;
        try {
          return await inner.call(given);
        } finally {
          this.depth -= 1;
        }
      },
      { name: found.name },
    );
    this.made.set(found, fn);
    return fn;
  }
}

interface NamespaceOptions {
  readonly find: (name: string) => Fn | undefined;
  readonly names: () => readonly string[];
}

class MacroNamespace extends PyObject {
  readonly type = 'dict';
  private readonly name: string;
  private readonly options: NamespaceOptions;
  constructor(name: string, options: NamespaceOptions) {
    super();
    this.name = name;
    this.options = options;
  }
  override attribute(name: string): Value | undefined {
    const found = this.options.find(name);
    if (found) return found;
    if (name === 'get') {
      return new Fn('get', ({ positional: [key = '', otherwise = null] }) => this.options.find(str(key)) ?? otherwise);
    }
    return undefined;
  }
  override item(key: Value): Value | undefined {
    return typeof key === 'string' ? this.options.find(key) : undefined;
  }
  get items(): Value[] {
    return [...this.options.names()];
  }
  print(): string {
    return new Dict(this.options.names().map((name) => [name, `macro.${this.name}.${name}`] as const)).print();
  }
}
