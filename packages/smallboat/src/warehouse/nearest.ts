/** The name that differs in the fewest letters, if it is less than half of them. Upper and lower case are the same. */
export function nearestOf(
  wanted: string,
  names: readonly string[],
  stemOf: (name: string) => string = (name) => name,
): string | undefined {
  const ranked = names
    .map((name) => ({ name, away: distance(wanted.toLowerCase(), stemOf(name.toLowerCase())) }))
    .sort((a, b) => a.away - b.away);
  const [best] = ranked;
  return best !== undefined && best.away < wanted.length / 2 ? best.name : undefined;
}

/** Levenshtein's distance: letters to add, remove or replace to come from one text to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
