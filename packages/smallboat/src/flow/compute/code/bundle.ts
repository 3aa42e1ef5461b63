import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildFailure, BuildOptions, Message } from 'esbuild';
import { defineErrors } from '../../../kernel/index.ts';
import { type Found, META_NAMES, PREAMBLE, bundlePlugin } from './bundle-plugin.ts';
import { renameChunks } from './chunk-names.ts';
import { type Places, appRoot, places } from './place.ts';
import { sourceMapIn } from './source-map.ts';

export const bundleErrors = defineErrors({
  BUNDLE_FAILED: (f: { module: string; problem: string }) =>
    `The code of ${f.module} cannot be put together:\n${f.problem}\nMend the import, or install the package that is missing.`,
});

export interface BundleOptions {
  /** Entry modules: the name that each gets in the bundle, and its absolute path. */
  readonly entries: Readonly<Record<string, string>>;
  /** The folder of the code that is the flow's own. Default: the nearest above the first entry with a `package.json`. */
  readonly root?: string;
  /** Packages that are not bundled: the image brings them. Those with machine code are never bundled. */
  readonly external?: readonly string[];
}

/** Modules put together, with what they name by URL. */
export interface Bundle {
  /** Bytes by path: `run/<name>.js` an entry, `run/chunk-….js`, and for each module that is named by a URL a stub at its place. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Absolute paths of the modules that went in. */
  readonly sources: readonly string[];
  /** Absolute paths of files and folders that they name by URL. */
  readonly assets: readonly string[];
  /** Packages that the image has to bring, by name: their version here; nothing where that is not known. */
  readonly externals: ReadonlyMap<string, string | undefined>;
  readonly root: string;
  readonly places: Places;
}

/**
 * Bundles modules with all that they import, but for packages with machine code. The same sources give the same bytes, wherever they lie.
 * What a module names from where it lies (`new URL('./x.sql', import.meta.url)`) it finds at the same place of the code package.
 * Rejects with `BUNDLE_FAILED`.
 */
export async function bundle({ entries, root: given, external = [] }: BundleOptions): Promise<Bundle> {
  const [first = ''] = Object.values(entries);
  const root = given ?? appRoot(first);
  const at = places(root);
  const found: Found = { entries: new Set(), assets: new Set(), externals: new Map() };
  for (;;) {
    const workers = [...found.entries].sort().filter((path) => !Object.values(entries).includes(path));
    const named = { ...entries, ...Object.fromEntries(workers.map((path, i) => [workerName(path, i), path])) };
    const made = await build({ named, root, at, found, external });
    // Modules that were met on the way are entries too: once more, with them.
    const isComplete = [...found.entries].every((path) => Object.values(named).includes(path));
    if (!isComplete) continue;
    for (const path of found.entries) {
      const [name] = Object.entries(named).find(([, entry]) => entry === path) ?? [''];
      const place = at.of(path);
      const up = '../'.repeat(place.split('/').length - 1);
      made.files.set(place, Buffer.from(`export * from '${up}run/${name}.js';\n`));
    }
    return { ...made, assets: [...found.assets].sort(), externals: found.externals, root, places: at };
  }
}

const workerName = (path: string, number: number): string =>
  `by-url-${number}-${basename(path).replace(/\.[^.]+$/, '')}`;

interface Build {
  readonly named: Readonly<Record<string, string>>;
  readonly root: string;
  readonly at: Places;
  readonly found: Found;
  readonly external: readonly string[];
}

async function build({ named, root, at, found, external }: Build) {
  const { build: run } = await import('esbuild');
  const outdir = join(root, 'run');
  const options: BuildOptions = {
    absWorkingDir: root,
    entryPoints: Object.entries(named).map(([out, path]) => ({ in: path, out })),
    outdir,
    chunkNames: 'chunk-[hash]',
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: true,
    legalComments: 'none',
    sourcemap: 'linked',
    sourcesContent: false,
    define: META_NAMES,
    banner: { js: PREAMBLE },
    logLevel: 'silent',
    plugins: [bundlePlugin({ places: at, found, external })],
  };
  try {
    const { outputFiles = [], metafile } = await run(options);
    const sources = Object.keys(metafile?.inputs ?? {}).map((path) => join(root, path));
    const files = new Map(
      outputFiles.map(({ path, contents }): [string, Uint8Array] => {
        const place = `run/${basename(path)}`;
        return [place, path.endsWith('.map') ? sourceMapIn(contents, outdir, at) : contents];
      }),
    );
    return { files: renameChunks(files), sources };
  } catch (cause) {
    if (!isBuildFailure(cause)) throw cause;
    const [module = ''] = Object.values(named);
    throw bundleErrors.BUNDLE_FAILED({ module, problem: cause.errors.slice(0, 5).map(lineOf).join('\n') }, { cause });
  }
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

/** `steps/train.ts:3: Could not resolve "zod"` */
function lineOf({ text, location }: Message): string {
  return location ? `  ${location.file}:${location.line}: ${text}` : `  ${text}`;
}

/** The file of a module's URL. */
export function moduleFile(module: string): string {
  return module.startsWith('file:') ? fileURLToPath(module) : module;
}
