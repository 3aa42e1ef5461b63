/** A file or folder that a module names by a path from its own place. */
export interface Reference {
  /** As it is written: `./cart-events.sql`, `./kernel/`. */
  readonly path: string;
}

const PATTERNS: readonly RegExp[] = [
  // new URL('./cart-events.sql', import.meta.url)
  /\bnew URL\(\s*(['"`])(?<path>\.[^'"`$\\]*)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g,
  // import.meta.resolve('./worker.js')
  /\bimport\.meta\.resolve\(\s*(['"`])(?<path>\.[^'"`$\\]*)\1\s*\)/g,
  // join(import.meta.dirname, 'models', 'cart.sql'), path.resolve(__dirname, '../template.html')
  /\b(?:join|resolve)\(\s*(?:import\.meta\.dirname|__dirname)\s*,\s*(?<parts>(?:(['"`])[^'"`$\\]+\2\s*,?\s*)+)\)/g,
];

/**
 * The files and folders that a module's text names by fixed paths from where it lies, as it must to read a file that comes with it.
 * Paths that are put together while it runs are not found.
 */
export function referencesIn(text: string): readonly Reference[] {
  if (!text.includes('import.meta') && !text.includes('__dirname')) return [];
  return PATTERNS.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ groups }) => ({ path: groups?.['path'] ?? joined(groups?.['parts'] ?? '') })),
  );
}

/** `'models', 'cart.sql'` as a path. */
function joined(parts: string): string {
  return [...parts.matchAll(/(['"`])(.*?)\1/g)].map(([, , part]) => part).join('/');
}
