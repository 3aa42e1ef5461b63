import { defineErrors } from '../../kernel/index.ts';
import { evaluate } from './expression.ts';

export const parameterErrors = defineErrors({
  SUITE_PARAMETER_MISSING: (f: { parameter: string; known: readonly string[] }) =>
    `The parameter '${f.parameter}' was not given${f.known.length === 0 ? '' : `; there are ${f.known.join(', ')}`}. Hand it in with 'parameters' (--parameter ${f.parameter}=… on the command line).`,
});

/** What the parameters of a suite are looked up in. */
export interface ParameterScope {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly now: Date;
  /** A figure of a validation before this one, by Great Expectations' name for it (`urn:great_expectations:validations:…`). */
  readonly metric?: (urn: string) => unknown;
}

/**
 * Arguments with every `{"$PARAMETER": …}` in them replaced: by the parameter of that name, by what the expression in it
 * comes to (`now() - timedelta(days=2)`, `upstream_rows * 0.9`), or by a figure of an earlier validation. A default may
 * stand beside it as `$PARAMETER.<name>`. Throws `SUITE_PARAMETER_MISSING` and `EXPRESSION_UNREADABLE`.
 */
export function withParameters<T>(value: T, scope: ParameterScope): T {
  return replace(value, scope) as T; // the same shape, with other leaves
}

/** Does it hold a parameter anywhere? */
export function hasParameter(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasParameter);
  if (typeof value !== 'object' || value === null) return false;
  return '$PARAMETER' in value || Object.values(value).some(hasParameter);
}

function replace(value: unknown, scope: ParameterScope): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => replace(item, scope));
  if (typeof value !== 'object' || value === null) return value;
  const { $PARAMETER: written, ...defaults } = value as Readonly<Record<string, unknown>>;
  if (typeof written !== 'string') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]: [string, unknown]) => [key, replace(item, scope)]),
    );
  }
  const given = Object.fromEntries(
    Object.entries(defaults).map(([key, item]) => [key.replace(/^\$PARAMETER\./, ''), item]),
  );
  return valueOf(written.trim(), { ...scope, parameters: { ...given, ...scope.parameters } });
}

function valueOf(written: string, scope: ParameterScope): unknown {
  const { parameters, metric, now } = scope;
  if (Object.hasOwn(parameters, written)) return parameters[written];
  const known = Object.keys(parameters);
  if (written.startsWith('urn:great_expectations:')) {
    const found = metric?.(written);
    if (found === undefined) throw parameterErrors.SUITE_PARAMETER_MISSING({ parameter: written, known });
    return found;
  }
  if (/^[\p{L}_][\p{L}\p{N}_.]*$/u.test(written))
    throw parameterErrors.SUITE_PARAMETER_MISSING({ parameter: written, known });
  const named = (name: string): unknown => {
    if (!Object.hasOwn(parameters, name)) throw parameterErrors.SUITE_PARAMETER_MISSING({ parameter: name, known });
    return parameters[name];
  };
  return evaluate(written, { named, now, ...(metric === undefined ? {} : { metric }) });
}
