/** Tells which paths a .dbtignore leaves out; its patterns are those of .gitignore. */
export function ignoredBy(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(ruleOf);
  return (path) => {
    let isIgnored = false;
    for (const { pattern, isNegated } of rules) if (pattern.test(path)) isIgnored = !isNegated;
    return isIgnored;
  };
}

function ruleOf(line: string): { readonly pattern: RegExp; readonly isNegated: boolean } {
  const isNegated = line.startsWith('!');
  const body = (isNegated ? line.slice(1) : line).replace(/^\\/, '');
  const isFolder = body.endsWith('/');
  const core = body.replace(/^\/|\/$/g, '');
  const isRooted = body.slice(0, -1).includes('/');
  const expression = core
    .split(/(\*\*\/|\/\*\*|\*|\?)/)
    .map((part) => {
      if (part === '**/') return '(?:.*/)?';
      if (part === '/**') return '/.*';
      if (part === '*') return '[^/]*';
      if (part === '?') return '[^/]';
      return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return { pattern: new RegExp(`${isRooted ? '^' : '(?:^|/)'}${expression}${isFolder ? '/' : '(?:/|$)'}`), isNegated };
}
