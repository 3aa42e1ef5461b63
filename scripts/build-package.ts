/**
 * Builds the package as npm gets it: JavaScript in a few files, so that a start need not open a hundred, declarations of its types, and the files
 * that its code reads. `node scripts/build-package.ts [folder]`; by default `packages/smallboat/dist`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { type Plugin, build } from 'esbuild';
import { kernelModule } from '../packages/smallboat/src/training/kernel/load.ts';

const root = join(import.meta.dirname, '..');
const source = join(root, 'packages/smallboat');

/** Names of files, and folders, that code asks for beside itself: `new URL('./kernel.wasm', import.meta.url)`. */
const BESIDE = /new URL\('(\.\/[^']*|\.\.\/[^']+)', import\.meta\.url\)/g;

/**
 * Dependencies of dozens of small files, of which each start would find, open and link every one: they come along as one file each, under
 * this name. Their native parts, and all else that they need, stay dependencies.
 */
const ONE_FILE: Readonly<Record<string, string>> = { '@duckdb/node-api': 'duckdb-node-api.cjs', yaml: 'yaml.cjs' };

/** What the one file of DuckDB's asks for by itself. */
const NATIVE = '@duckdb/node-bindings';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** Builds into a folder, which is emptied first. @returns the folder. */
export async function buildPackage(target: string = join(source, 'dist')): Promise<string> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  // A checkout compiles the kernel on first use, a package has it.
  kernelModule();
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
  const exported = Object.entries(manifest.exports).filter(([, file]) => file.endsWith('.ts'));
  const forked = codeFiles().flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(BESIDE)]
      .map(([, name = '']) => resolve(dirname(file), name))
      .filter((path) => /\.[jt]s$/.test(path)),
  );
  await build({
    // Entries lie beside the chunks, so that all of them are found from one place; what is forked keeps its place.
    entryPoints: [
      { in: join(source, 'bin/smallboat.js'), out: 'smallboat' },
      ...exported.map(([name, file]) => ({ in: join(source, file), out: name.slice(2).replaceAll('/', '-') })),
      ...[...new Set(forked)].map((file) => ({ in: file, out: relative(source, file).replace(/\.[jt]s$/, '') })),
    ],
    outdir: target,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    chunkNames: 'chunk-[hash]',
    legalComments: 'none',
    minifyWhitespace: true,
    logLevel: 'warning',
    plugins: [filesBeside(), inOneFile()],
  });
  for (const name of Object.keys(ONE_FILE)) await bundleDependency(name, target);
  for (const file of filesOf(join(source, 'src'))) {
    const isCode = /\.(?:ts|js)$/.test(file) && !file.includes('/assembly/');
    if (!isCode && !/\/(?:testing|fixtures)\//.test(file)) cpSync(file, join(target, relative(source, file)));
  }
  declarations(target);
  const own = Object.fromEntries(
    exported.map(([name, file]) => [
      name,
      {
        types: `./types/${file.replace(/^\.\/src\//, '').replace(/\.ts$/, '.d.ts')}`,
        default: `./${name.slice(2).replaceAll('/', '-')}.js`,
      },
    ]),
  );
  const published = {
    ...manifest,
    bin: { smallboat: './smallboat.js' },
    exports: { ...own, './package.json': './package.json' },
    dependencies: { ...manifest.dependencies, [NATIVE]: versionOf(NATIVE) },
    files: undefined,
  };
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md']) cpSync(join(root, name), join(target, name));
  return target;
}

function inOneFile(): Plugin {
  return {
    name: 'in-one-file',
    setup(plugin) {
      for (const [name, file] of Object.entries(ONE_FILE))
        plugin.onResolve({ filter: new RegExp(`^${name}$`) }, ({ kind }) =>
          kind === 'entry-point' ? undefined : { path: `./${file}`, external: true },
        );
    },
  };
}

/** Puts the files of a dependency into one, with its licence beside it. */
async function bundleDependency(name: string, target: string): Promise<void> {
  const names = Object.keys((await import(name)) as object).filter(
    (one) => one !== 'default' && one !== 'module.exports',
  );
  await build({
    stdin: { contents: `export { ${names.join(', ')} } from '${name}';`, resolveDir: root },
    outfile: join(target, ONE_FILE[name] ?? ''),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: [NATIVE],
    legalComments: 'none',
    minifyWhitespace: true,
    logLevel: 'warning',
  });
  cpSync(join(root, 'node_modules', name, 'LICENSE'), join(target, `${ONE_FILE[name]}.LICENSE`));
}

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as Manifest & {
    readonly version: string;
  };
  return version;
}

/** A file that code asks for beside itself is found in `src/` below the package's folder, where all chunks lie. */
function filesBeside(): Plugin {
  return {
    name: 'files-beside',
    setup(plugin) {
      plugin.onLoad({ filter: /smallboat\/src\/.*\.ts$/ }, async ({ path }) => {
        const code = await readFile(path, 'utf8');
        if (!code.includes('import.meta.url')) return undefined;
        const contents = code.replace(BESIDE, (_, name: string) => {
          const file = relative(source, resolve(dirname(path), name)).replace(/\.ts$/, '.js');
          return `new URL('./${file}${name.endsWith('/') ? '/' : ''}', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
}

function declarations(target: string): void {
  const config = join(target, 'tsconfig.json');
  const options = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rewriteRelativeImportExtensions: true,
      rootDir: join(source, 'src'),
      outDir: join(target, 'types'),
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [join(source, 'src/*/index.ts'), join(source, 'src/*/*/index.ts'), join(source, 'src/**/*.d.ts')],
    exclude: [],
  };
  writeFileSync(config, JSON.stringify(options));
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', config], { stdio: 'inherit' });
  rmSync(config);
}

function codeFiles(): string[] {
  return filesOf(join(source, 'src')).filter(
    (file) => /(?<!\.test|\.d)\.ts$/.test(file) && !/\/(?:assembly|testing)\//.test(file),
  );
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

if (import.meta.main) console.log(await buildPackage(process.argv[2]));
