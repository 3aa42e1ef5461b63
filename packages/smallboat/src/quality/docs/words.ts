/** `2016-08-01 10:00:00 UTC` for a time of a result. */
export function timeInWords(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

/** One line of a relation, short enough for a caption. */
export function shortRelation(relation: string): string {
  const line = relation.replaceAll(/\s+/g, ' ').trim();
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`;
}

/** `1 check`, `3 checks`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : several}`;
}
