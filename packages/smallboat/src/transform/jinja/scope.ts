import type { Value } from './value.ts';

/** Names and their values: those set here, and behind them those of the place around. */
export interface Scope {
  readonly values: Map<string, Value>;
  readonly around: Scope | undefined;
  /** Asked last, at the outermost scope: names that the caller of the template gives. */
  readonly globals: (name: string) => Value | undefined;
}

export function outermost(globals: (name: string) => Value | undefined): Scope {
  return { values: new Map(), around: undefined, globals };
}

export function within(around: Scope): Scope {
  return { values: new Map(), around, globals: around.globals };
}

export function find(scope: Scope, name: string): Value | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.around) {
    const value = at.values.get(name);
    if (value !== undefined) return value;
  }
  return scope.globals(name);
}
