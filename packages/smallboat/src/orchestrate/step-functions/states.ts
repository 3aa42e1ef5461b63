/** A state, as Amazon's States Language has it. Where it says nothing of what comes next, `statesOf` does. */
export type State = Readonly<Record<string, unknown>> & { readonly Type: string };

export interface States {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

/**
 * States that run one after the other: each leads on to the next, and the last ends, except those that say so themselves. What a state
 * with a `Next` of its own leads to is in the list too.
 */
export function statesOf(chain: readonly (readonly [name: string, state: State])[]): States {
  // Nothing to do is a state too.
  const all = chain.length > 0 ? chain : [['nothing to do', { Type: 'Pass' }] as const];
  const names = all.map(([name]) => short(name));
  const states = all.map(([name, state], i) => {
    const next = names[i + 1];
    const isLed = 'Next' in state || state.Type === 'Choice';
    const led = isLed ? state : { ...state, ...(next === undefined ? { End: true } : { Next: next }) };
    return [short(name), withShortNames(led)] as const;
  });
  return { StartAt: names[0] ?? '', States: Object.fromEntries(states) };
}

/** A retry of whatever went wrong: `seconds` before the first, twice as long before each that follows. */
export function retrying(times: number, seconds: number): Readonly<Record<string, unknown>> {
  return { ErrorEquals: ['States.ALL'], IntervalSeconds: seconds, BackoffRate: 2, MaxAttempts: times };
}

/** Names have 80 letters at most. */
function short(name: string): string {
  if (name.length <= 80) return name;
  let hash = 0;
  for (const letter of name) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return `${name.slice(0, 71)}~${hash.toString(16).padStart(8, '0')}`;
}

function withShortNames(state: State): State {
  const led = (of: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(of).map(([field, value]) => {
        if ((field === 'Next' || field === 'Default') && typeof value === 'string') return [field, short(value)];
        if (field === 'Choices' && Array.isArray(value)) return [field, value.map((one) => led(one as State))];
        return [field, value];
      }),
    );
  return { ...led(state), Type: state.Type };
}
