import type { Io, Progress } from '../kernel/index.ts';

/** Shows the progress of one long call: a line that is redrawn on a terminal, elsewhere nothing. The last one clears it. */
export function drawProgress(io: Io): Progress {
  if (!io.isTerminal) return () => undefined;
  return (fraction, message = '') => {
    const percent = `${Math.floor(fraction * 100)}`.padStart(3);
    io.draw(fraction >= 1 ? '\r\u001b[2K' : `\r\u001b[2K${`${percent} % ${message}`.slice(0, io.columns - 1)}`);
  };
}
