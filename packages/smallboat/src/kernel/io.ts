/** All that a command may touch outside itself, beside files: a test hands in its own. */
export interface Io {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True where `err` is a terminal that can redraw a line. */
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 80 where there is none. */
  readonly columns: number;
  /** One line of the result, to standard output. */
  out(line: string): void;
  /** One line of progress or an error, to standard error. */
  err(line: string): void;
  /** Text to standard error as it is, without a line break: to redraw a bar. */
  draw(text: string): void;
}

/** The process's own streams and environment. */
export function processIo(): Io {
  const { stderr, stdout } = process;
  // `smallboat runs | head` closes the pipe when it has seen enough: no fault of anybody's.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  return {
    cwd: process.cwd(),
    env: process.env,
    isTerminal: stderr.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined,
    columns: stderr.columns || 80,
    out: (line) => stdout.write(`${line}\n`),
    err: (line) => stderr.write(`${line}\n`),
    draw: (text) => stderr.write(text),
  };
}
