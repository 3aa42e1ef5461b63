import type { Io } from '../../kernel/index.ts';
import type { Dag } from '../definition.ts';
import { runErrors } from '../run-flow.ts';

/** The environment variables that each step asks for, read. Throws `ENVIRONMENT_MISSING`, with all that are not set. */
export function environmentOf(dag: Dag, env: Io['env']): Record<string, Record<string, string>> {
  const missing = new Set<string>();
  const read = dag.steps.map(({ name, options }) => {
    const entries = Object.entries(options.environment ?? {}).map(([variable, given]) => {
      const value = typeof given === 'string' ? given : env[given.env];
      if (value === undefined) missing.add(typeof given === 'string' ? given : given.env);
      return [variable, value ?? ''] as const;
    });
    return [name, Object.fromEntries(entries)] as const;
  });
  if (missing.size > 0) {
    throw runErrors.ENVIRONMENT_MISSING({ flow: dag.flow, missing: [...missing].join(', ') });
  }
  return Object.fromEntries(read);
}
