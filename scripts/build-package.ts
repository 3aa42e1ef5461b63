/**
 * Builds the package as npm gets it: JavaScript in a few files, so that a start need not open a hundred, declarations of its types, and the files
 * that its code reads. `node scripts/build-package.ts [folder]`; by default `packages/smallboat/dist`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type ChunkingContext, type Plugin, rolldown } from 'rolldown';
import { kernelModule } from '../packages/smallboat/src/training/kernel/load.ts';

const root = join(import.meta.dirname, '..');
const source = join(root, 'packages/smallboat');

/** Names of files, and folders, that code asks for beside itself: `new URL('./kernel.wasm', import.meta.url)`. */
const BESIDE = /new URL\('(\.\/[^']*|\.\.\/[^']+)', import\.meta\.url\)/g;

/**
 * Dependencies of dozens of small files, of which each start would find, open and link every one: they come along in one file each. Their
 * native parts, and all else that they need, stay dependencies.
 */
const TAKEN_IN = ['@duckdb/node-api', 'yaml'] as const;

/** What DuckDB's asks for by itself. */
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
  const beside = codeFiles().flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(BESIDE)].map(([, name = '']) => resolve(dirname(file), name)),
  );
  const forked = [...new Set(beside)].filter((path) => /\.[jt]s$/.test(path));
  await using bundle = await rolldown({
    // Entries lie beside the chunks, so that all of them are found from one place; what is forked keeps its place.
    input: {
      smallboat: join(source, 'bin/smallboat.js'),
      ...Object.fromEntries(exported.map(([name, file]) => [entryName(name), join(source, file)])),
      ...Object.fromEntries(forked.map((file) => [relative(source, file).replace(/\.[jt]s$/, ''), file])),
    },
    platform: 'node',
    external: (id) => /^[^./]/.test(id) && !TAKEN_IN.some((name) => name === id),
    // A module that `run` needs at once, and that others may load later, is loaded at once.
    checks: { ineffectiveDynamicImport: false },
    plugins: [filesBeside(), builtinsByCall()],
  });
  await bundle.write({
    dir: target,
    format: 'esm',
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    chunkFileNames: 'chunk-[hash].js',
    codeSplitting: {
      groups: [
        { name: startingTogether(), debugName: 'start' },
        { name: (id) => TAKEN_IN.find((name) => id.includes(`/node_modules/${name}/`)) ?? null, debugName: 'taken in' },
      ],
    },
  });
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
        default: `./${entryName(name)}.js`,
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
  for (const name of TAKEN_IN) {
    cpSync(
      join(root, 'node_modules', name, 'LICENSE'),
      join(target, `LICENSE-${name.replaceAll(/\W+/g, '-').replace(/^-/, '')}`),
    );
  }
  return target;
}

/** `./serving/deploy` is the file `serving-deploy.js`. */
function entryName(name: string): string {
  return name.slice(2).replaceAll('/', '-');
}

/**
 * What starts together lies together: opening and linking a module takes longer than running it, and `smallboat run` would need
 * a hundred. First what starts a worker, then all that a run on this machine loads, here and in the worker.
 */
function startingTogether(): (id: string, context: ChunkingContext) => string | null {
  const groups = new Map<string, ReadonlySet<string>>();
  return (id, context) => {
    if (groups.size === 0) {
      for (const [name, files] of Object.entries(STARTS)) groups.set(name, withImports(files, context));
    }
    for (const [name, modules] of groups) if (modules.has(id)) return name;
    return null;
  };
}

/** In the order of a start: what starts a worker; what it and this process have in common; the rest of each. */
const STARTS = {
  begin: ['cli/main.ts', 'cli/commands/run.ts'],
  flow: ['kernel/index.ts', 'flow/index.ts', 'flow/store/local-run-store.ts'],
  run: ['cli/command.ts', 'cli/flow-file.ts', 'cli/flow-settings.ts', 'cli/run-command.ts', 'flow/engine/conduct.ts'],
  work: ['flow/engine/worker.ts'],
} as const;

function withImports(files: readonly string[], context: ChunkingContext): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = files.map((file) => join(source, 'src', file));
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id) || !id.startsWith(source)) continue;
    const info = context.getModuleInfo(id);
    if (!info) throw new Error(`${relative(source, id)} is in STARTS, but no module of the package.`);
    found.add(id);
    waiting.push(...info.importedIds);
  }
  return found;
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
    transform: {
      filter: { id: /smallboat\/src\/.*\.ts$/, code: 'import.meta.url' },
      handler: (code, path) =>
        code.replace(BESIDE, (_, name: string) => {
          const file = relative(source, resolve(dirname(path), name)).replace(/\.ts$/, '.js');
          return `new URL('./${file}${name.endsWith('/') ? '/' : ''}', import.meta.url)`;
        }),
    },
  };
}

/**
 * Node's own modules are taken by a call. An `import` of them makes a module of each that asks for all it exports, which loads what
 * nobody wants: a `node:crypto` with the whole of WebCrypto.
 */
function builtinsByCall(): Plugin {
  return {
    name: 'builtins-by-call',
    renderChunk: (code) =>
      code.replace(BUILTIN, (_, names: string, module: string) => {
        const wanted = names.replace(/^\* as /, '').replaceAll(' as ', ': ');
        return `const ${wanted} = process.getBuiltinModule("${module}");`;
      }),
  };
}

const BUILTIN = /^import (\{[^}]*\}|\* as \w+) from "(node:[\w/]+)";$/gm;

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
