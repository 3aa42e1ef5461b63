/** The first argument that is no flag and no flag's value. */
export function firstPositional(argv: readonly string[], flagsWithoutValue: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i += 1) {
    const arg = argv[i] ?? '';
    if (!arg.startsWith('-')) return arg;
    if (!arg.includes('=') && !flagsWithoutValue.includes(arg)) i += 1;
  }
  return undefined;
}
