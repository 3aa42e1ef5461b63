/** The code of the error that a call rejects with; undefined where it does not. For tests of what stores promise. */
export function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );
}
