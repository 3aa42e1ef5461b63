import type { Io } from '../kernel/index.ts';

/** An `Io` that keeps what is said, for tests of commands. */
export function recordingIo(
  cwd: string,
  env: Io['env'] = {},
): Io & { readonly said: { out: string[]; err: string[] } } {
  const said = { out: [] as string[], err: [] as string[] };
  return {
    cwd,
    env,
    isTerminal: false,
    columns: 80,
    out: (line) => void said.out.push(line),
    err: (line) => void said.err.push(line),
    draw: () => undefined,
    said,
  };
}
