/** Milliseconds since 1970, both ends included. */
export interface SpanOfTime {
  readonly from: number;
  readonly to: number;
}

/** Name of a segment that is being written: its span of time is not known yet. */
export function openName(id: string): string {
  return `open-${id}.jsonl`;
}

/** Name of a segment that is complete: a reader sees from it whether it has to look inside. */
export function closedName(id: string, { from, to }: SpanOfTime): string {
  return `span-${Math.floor(from)}-${Math.ceil(to)}-${id}.jsonl`;
}

/** What a file's name says of the segment in it; nothing for a file that is none of ours. */
export function parseName(name: string): { readonly id: string; readonly span?: SpanOfTime } | undefined {
  const match = /^(?:open|span-(-?\d+)-(-?\d+))-([0-9a-f-]{36})\.jsonl$/.exec(name);
  if (match === null) return undefined;
  const [, from, to, id = ''] = match;
  return from === undefined || to === undefined ? { id } : { id, span: { from: Number(from), to: Number(to) } };
}
