import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type PackedCode, packCode } from '../compute/code/code-package.ts';
import type { CodeOptions } from '../options.ts';

/** The folder of this package. */
export const ours = fileURLToPath(new URL('../../../', import.meta.url));

/** A project with a flow, its own modules and files, packages of npm, and things that are nobody's business. */
export function aProject(files: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'smallboat-code-'));
  const all = {
    'package.json': '{"name":"shop","version":"1.0.0","type":"module"}',
    'flows/shop.ts': `import { readFileSync } from 'node:fs';
import { flow, step } from 'smallboat/flow';
import { double } from '../lib/double.ts';
import plain from 'plain';
const load = step('load', { run: async () => {
  const native = await import('native').catch(() => ({ name: 'absent' }));
  return { sql: readFileSync(new URL('../sql/cart.sql', import.meta.url), 'utf8'), two: double(1), plain, native: native.name };
} });
export const shop = flow('Shop', {}, () => load({}));`,
    'lib/double.ts': 'export const double = (x: number): number => 2 * x;\n',
    'sql/cart.sql': 'select 1\n',
    'sql/more/other.sql': 'select 2\n',
    'data/labels.json': '{"a":1}\n',
    '.env': 'TOKEN=secret\n',
    'data/.env': 'TOKEN=secret\n',
    'node_modules/plain/package.json': '{"name":"plain","version":"1.2.3","main":"index.js"}',
    'node_modules/plain/index.js': `const { readFileSync } = require('node:fs'); module.exports = readFileSync(require('node:path').join(__dirname, 'words.txt'), 'utf8');`,
    'node_modules/plain/words.txt': 'plain words',
    'node_modules/native/package.json': '{"name":"native","version":"9.9.9","main":"index.js","os":["linux"]}',
    'node_modules/native/index.js': `exports.name = 'native';`,
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  symlinkSync(ours, join(root, 'node_modules/smallboat'));
  return root;
}

/** Packs the flow of such a project. */
export const pack = (root: string, code: CodeOptions = {}): Promise<PackedCode> =>
  packCode({ module: pathToFileURL(join(root, 'flows/shop.ts')).href, flow: 'Shop', code });
