/**
 * Metaflow's log lines: `[MFLOG|0|2026-11-23T11:29:26.209603Z|task|<id>]text`. Readers merge the files of several writers
 * by the time of their lines, and sort the lines of one file too: lines of one writer must have times that rise.
 */

/**
 * Text as it is added to a log. A line may come in pieces: only its first piece is stamped. Several processes may write one log, with
 * clocks of milliseconds: each line is stamped later than the last one there.
 *
 * @param tail The end of the log so far, from the start of a line if it has one.
 * @param stamp Gives microseconds since 1970, above what it is given.
 */
export function toLogLines(text: string, tail: string, stamp: (above: number) => number): string {
  const isMidLine = tail !== '' && !tail.endsWith('\n');
  const last = [...tail.matchAll(/^\[MFLOG\|0\|[^|]*\|task\|(\d{1,16})\]/gm)].at(-1)?.[1];
  let micros = Number(last ?? 0);
  const lines = text.split('\n');
  const stamped = lines.map((line, i) => {
    if ((i === 0 && isMidLine) || (i === lines.length - 1 && line === '')) return line;
    micros = stamp(micros);
    const time =
      new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1) + String(micros % 1000).padStart(3, '0');
    return `[MFLOG|0|${time}Z|task|${micros}]${line}`;
  });
  return stamped.join('\n');
}

const STAMPED = /^(?:\[!)?\[MFLOG\|0\|(.+?)Z\|.+?\|.+?\](.*)$/s;
/** Metaflow's time for lines without one: after all others. */
const NO_TIME = '3000-01-01T00:00:00.000000';

/** The text of several writers' logs, merged by time; lines without a time come last. */
export function fromLogLines(logs: readonly string[]): string {
  const lines = logs.flatMap((log) =>
    log.split(/(?<=\n)/).map((line) => {
      const match = STAMPED.exec(line);
      return { time: match?.[1] ?? NO_TIME, text: match?.[2] ?? line };
    }),
  );
  // The sort is stable: lines of one time keep their order.
  lines.sort((a, b) => (a.time < b.time ? -1 : Number(a.time > b.time)));
  return lines.map(({ text }) => text).join('');
}
