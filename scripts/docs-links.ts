import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is prose in a Markdown text: all but its fenced blocks. */
function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, '');
}

/** The anchors that a host of Markdown gives to the headings of a text: small letters, no punctuation, dashes for spaces. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const headings = [...proseOf(markdown).matchAll(/^#+ (.+)$/gm)].map((m) => m[1] ?? '');
  return new Set(
    headings.map((h) =>
      h
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The links of a page, pictures included, that lead to no file or no heading of this repository. Links out are left alone. */
export function brokenLinks(root: string, page: string): readonly string[] {
  const markdown = readFileSync(join(root, page), 'utf8');
  const targets = [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] ?? '');
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, file))) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(join(root, file), 'utf8')).has(anchor);
  });
}

/** The source files that a page names in backticks and that are nowhere in the repository. A bare name may be in any folder. */
export function missingFiles(root: string, page: string): readonly string[] {
  const source = 'packages/smallboat/src';
  const present = [source, 'apps/intent', 'scripts'].flatMap((place) =>
    readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
      .filter((f) => !f.includes('node_modules'))
      .flatMap((f) => [join(place, f), ...(place === source ? [f] : [])]),
  );
  const names = new Set([...present, ...present.map((f) => f.slice(f.lastIndexOf('/') + 1))]);
  const named = [...proseOf(readFileSync(join(root, page), 'utf8')).matchAll(/`([\w./-]+\.(?:ts|sql))`/g)];
  return named.map((m) => m[1] ?? '').filter((name) => !names.has(name));
}
