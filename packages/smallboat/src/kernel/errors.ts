/**
 * Errors that we raise on purpose. Each has a code that never changes, the facts that its message is made
 * from, and a message that says what happened and then what to do about it.
 */

/** An error with a code. `facts` survive being sent to another process as JSON; the class does not. */
export class SmallboatError<C extends string = string, F = unknown> extends Error {
  override readonly name = 'SmallboatError';
  readonly code: C;
  readonly facts: F;

  constructor(message: string, made: { readonly code: C; readonly facts: F }, options?: ErrorOptions) {
    super(message, options);
    this.code = made.code;
    this.facts = made.facts;
  }

  toJSON(): { readonly code: C; readonly message: string; readonly facts: F } {
    return { code: this.code, message: this.message, facts: this.facts };
  }
}

/** One kind of error: call it to make one, ask `is` to recognise one. */
export interface ErrorKind<C extends string, F> {
  (facts: F, options?: ErrorOptions): SmallboatError<C, F>;
  readonly code: C;
  /** Goes by the code, not the class: two copies of this package still know each other's errors. */
  is(error: unknown): error is SmallboatError<C, F>;
}

type Messages = Readonly<Record<string, (facts: never) => string>>;
type Kinds<M extends Messages> = { readonly [C in keyof M & string]: ErrorKind<C, Parameters<M[C]>[0]> };

/** Declares the errors of one module, beside the code that throws them. */
export function defineErrors<M extends Messages>(messages: M): Kinds<M> {
  const kinds = Object.entries(messages).map(([code, message]) => {
    const make = (facts: unknown, options?: ErrorOptions): SmallboatError =>
      new SmallboatError(message(facts as never), { code, facts }, options);
    const is = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === code;
    return [code, Object.assign(make, { code, is })];
  });
  return Object.fromEntries(kinds) as Kinds<M>;
}

/** What a caught value says: the message of an error, or the value as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
