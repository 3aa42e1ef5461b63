import type { Io } from '../../kernel/index.ts';
import type { NodeEvent, RunResults } from '../../transform/index.ts';

/** Says a line for each node that has ended; on a terminal also what is running. */
export function report({ phase, index, total, title, result }: NodeEvent, io: Io, isQuiet: boolean): void {
  const place = `${String(index).padStart(String(total).length)}/${total}`;
  if (phase === 'start') {
    if (io.isTerminal && !isQuiet) io.draw(`\r\u001b[2K${place} ${title}`.slice(0, io.columns + 4));
    return;
  }
  if (result === undefined) return;
  if (io.isTerminal) io.draw('\r\u001b[2K');
  const isGood = ['success', 'pass', 'no-op', 'skipped'].includes(result.status);
  if (isQuiet && (isGood || result.status === 'warn')) return;
  const rows = result.rows === undefined ? '' : `, ${result.rows.toLocaleString('en-US')} rows`;
  const why = isGood ? '' : `: ${result.message.split('\n')[0] ?? ''}`;
  const time = result.status === 'skipped' ? '' : ` (${result.seconds.toFixed(2)} s${rows})`;
  io.err(`${place} ${result.status.padEnd(7)} ${title}${time}${why}`);
}

/** One line that says what came of a run. */
export function summary({ results, seconds, targetFolder }: RunResults): string {
  const count = (kinds: readonly string[], ...statuses: readonly string[]): number =>
    results.filter((one) => statuses.includes(one.status) && kinds.includes(one.kind)).length;
  const tests = ['test', 'unit_test'];
  const parts = [
    [count(['seed'], 'success'), 'seeds loaded'],
    [count(['model', 'function'], 'success'), 'models built'],
    [count(['snapshot'], 'success'), 'snapshots taken'],
    [count(tests, 'pass'), 'tests passed'],
    [count(tests, 'warn'), 'tests warned'],
    [count(tests, 'fail', 'error'), 'tests failed'],
    [count(['model', 'seed', 'snapshot', 'function'], 'error', 'partial success'), 'failed'],
    [results.filter(({ status }) => status === 'skipped').length, 'skipped'],
  ] as const;
  const said = parts.flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]));
  return `${said.join(', ') || 'nothing to do'} in ${seconds.toFixed(1)} s; results are in ${targetFolder}`;
}
