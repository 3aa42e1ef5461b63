import { recordOf, textOf, textsOf } from '../project/plain.ts';
import type { AdapterDescription, ConstraintKind } from './adapter.ts';

type Warn = (message: string) => void;

/** How a constraint is written behind a column; undefined where it has no such form. */
function columnConstraint(constraint: Readonly<Record<string, unknown>>): string | undefined {
  const expression = textOf(constraint['expression']) ?? '';
  const trailing = expression === '' ? '' : ` ${expression}`;
  switch (textOf(constraint['type']) ?? '') {
    case 'check':
      return expression === '' ? undefined : `check (${expression})`;
    case 'not_null':
      return `not null${trailing}`;
    case 'unique':
      return `unique${trailing}`;
    case 'primary_key':
      return `primary key${trailing}`;
    case 'foreign_key': {
      const to = textOf(constraint['to']);
      const columns = textsOf(constraint['to_columns']);
      if (to !== undefined && columns.length > 0) return `references ${to} (${columns.join(', ')})`;
      return expression === '' ? undefined : `references ${expression}`;
    }
    case 'custom':
      return expression === '' ? undefined : expression;
    default:
      return undefined;
  }
}

function modelConstraint(constraint: Readonly<Record<string, unknown>>): string | undefined {
  const name = textOf(constraint['name']);
  const prefix = name === undefined ? '' : `constraint ${name} `;
  const expression = textOf(constraint['expression']) ?? '';
  const trailing = expression === '' ? '' : ` ${expression}`;
  const columns = textsOf(constraint['columns']).join(', ');
  switch (textOf(constraint['type']) ?? '') {
    case 'check':
      return expression === '' ? undefined : `${prefix}check (${expression})`;
    case 'unique':
      return `${prefix}unique (${columns})${trailing}`;
    case 'primary_key':
      return `${prefix}primary key (${columns})${trailing}`;
    case 'foreign_key': {
      const to = textOf(constraint['to']);
      const target = textsOf(constraint['to_columns']);
      if (to !== undefined && target.length > 0) {
        return `${prefix}foreign key (${columns}) references ${to} (${target.join(', ')})`;
      }
      return expression === '' ? undefined : `${prefix}foreign key (${columns}) references ${expression}`;
    }
    case 'custom':
      return expression === '' ? undefined : `${prefix}${expression}`;
    default:
      return undefined;
  }
}

function supported(
  adapter: AdapterDescription,
  constraint: Readonly<Record<string, unknown>>,
  written: string | undefined,
  warn: Warn,
): string[] {
  if (written === undefined) return [];
  const type = textOf(constraint['type']) ?? '';
  const support = type === 'custom' ? 'enforced' : adapter.constraints[type as ConstraintKind];
  if (support === 'not_supported') {
    if (constraint['warn_unsupported'] !== false) {
      warn(
        `The constraint type ${type} is not supported by ${adapter.type}, and will be ignored. Set 'warn_unsupported: false' on this constraint to ignore this warning.`,
      );
    }
    return [];
  }
  if (support === 'not_enforced' && constraint['warn_unenforced'] !== false) {
    warn(
      `The constraint type ${type} is supported by ${adapter.type}, but not enforced. Set 'warn_unenforced: false' on this constraint to ignore this warning.`,
    );
  }
  return [written.trim()];
}

/** `adapter.render_raw_columns_constraints(columns)`: one line a column, with its type and constraints. */
export function columnLines(
  adapter: AdapterDescription,
  columns: readonly Readonly<Record<string, unknown>>[],
  warn: Warn,
): string[] {
  return columns.map((column) => {
    const name = textOf(column['name']) ?? '';
    const quoted = column['quote'] === true ? `${adapter.quoteCharacter}${name}${adapter.quoteCharacter}` : name;
    const constraints = Array.isArray(column['constraints']) ? column['constraints'].map(recordOf) : [];
    const rendered = constraints.flatMap((one) => supported(adapter, one, columnConstraint(one), warn));
    return [`${quoted} ${textOf(column['data_type']) ?? ''}`, ...rendered].join(' ');
  });
}

/** `adapter.render_raw_model_constraints(constraints)`. */
export function modelLines(
  adapter: AdapterDescription,
  constraints: readonly Readonly<Record<string, unknown>>[],
  warn: Warn,
): string[] {
  return constraints.flatMap((one) => supported(adapter, one, modelConstraint(one), warn));
}
