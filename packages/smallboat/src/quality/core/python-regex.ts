import { kindErrors } from '../kind.ts';

/** Does a regular expression look ahead or behind, or refer back? Engines that never backtrack cannot do these. */
export function needsBacktracking(regex: string): boolean {
  return /\(\?(?:=|!|<=|<!)|\\[1-9]|\(\?P=/.test(regex.replaceAll('\\\\', ''));
}

/**
 * A regular expression of Python's `re` as one of JavaScript: names of groups, `\A`, `\Z` and flags at the beginning are
 * written otherwise there. Throws `EXPECTATION_UNFIT` for one that is none.
 */
export function pythonRegExp(regex: string): RegExp {
  let flags = 'u';
  const source = regex
    .replace(/^\(\?([aiLmsux]+)\)/, (_, given: string) => {
      flags += given.replace(/[^ims]/g, '');
      return '';
    })
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$')
    // JavaScript refuses to escape what needs none; Python does not.
    .replace(/\\([^\w\s\\^$*+?.()|[\]{}/-])/g, '$1');
  try {
    return new RegExp(source, flags);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw kindErrors.EXPECTATION_UNFIT({ problem: `${regex} is no regular expression: ${cause.message}.` }, { cause });
  }
}
