/** A place in a user's code. */
export interface Site {
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
}

/** Files of this room, whose frames are not the user's. */
const room = new URL('.', import.meta.url).href;

/** Where the code that called into this room stands; undefined where the stack does not tell. */
export function callSite(): Site | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 12;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  for (const line of stack.split('\n').slice(1)) {
    const [, url, row] = /\(?((?:file:\/\/)?\/[^()]*?):(\d+):\d+\)?$/.exec(line) ?? [];
    if (url === undefined || isOurs(url)) continue;
    return { file: decodeURI(url.replace('file://', '').replace(/\?.*$/, '')), line: Number(row) };
  }
  return undefined;
}

/** `flow.ts:12`, from a folder; `unknown place` where it is not known. */
export function describeSite(site: Site | undefined, from = process.cwd()): string {
  if (!site) return 'unknown place';
  const inside = site.file.startsWith(`${from}/`) ? site.file.slice(from.length + 1) : site.file;
  return `${inside}:${site.line}`;
}

function isOurs(url: string): boolean {
  const href = url.startsWith('file://') ? url : `file://${url}`;
  return href.startsWith(room) && !href.endsWith('.test.ts') && !href.startsWith(`${room}testing/`);
}
