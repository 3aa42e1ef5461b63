import { existsSync, readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, resolve, sep } from 'node:path';
import type { Loader, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { findPackage, nativePackages } from './native-package.ts';
import { SUBMITTING } from '../submitting.ts';
import { OWN } from './own-package.ts';
import type { Places } from './place.ts';
import { referencesIn } from './references.ts';

/** What a build meets beside the modules that it bundles. */
export interface Found {
  /** Modules named by a URL, as those of workers are: to be bundled as entries of their own. Absolute paths. */
  readonly entries: Set<string>;
  /** Other files and folders that are named by a URL. Absolute paths. */
  readonly assets: Set<string>;
  /** Packages that the image has to bring, by name: their version, or nothing where they are not installed here. */
  readonly externals: Map<string, string | undefined>;
}

export interface BundlePluginOptions {
  readonly places: Places;
  readonly found: Found;
  /** Packages to leave out whatever they hold. */
  readonly external: readonly string[];
}

/** What takes the place of `import.meta.url` and its like: the text before each module declares them. */
export const META_NAMES = {
  'import.meta.url': '__smallboat_url',
  'import.meta.filename': '__smallboat_filename',
  'import.meta.dirname': '__smallboat_dirname',
} as const;

/** Set at the head of each file of a bundle: the URL of the folder that they lie in, and `require`, for modules of the old kind. */
export const PREAMBLE =
  'globalThis.__smallboat_run??=import.meta.url;globalThis.require??=process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/** What this package puts code together with: a task has no use for it. */
const PACKING: readonly string[] = ['esbuild'];
const NOWHERE = 'smallboat-nowhere';
/** In place of what starts jobs. */
const NO_SUBMITTING = `throw new Error('A task that runs as a job of a service cannot start jobs of a service: run the flow locally, or start it from outside.');`;

/** Leaves out what a bundle cannot hold, and gives each module the place of its own that it had before it was bundled. */
export function bundlePlugin({ places, found, external }: BundlePluginOptions): Plugin {
  const isNative = nativePackages();
  return {
    name: 'smallboat',
    setup(build) {
      build.onResolve({ filter: /^[^./#]/ }, (args) => resolvePackage(args, build));
      build.onLoad({ filter: /.*/, namespace: NOWHERE }, () => ({ contents: NO_SUBMITTING }));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, ({ path }) => {
        if (path === SUBMITTING) return { contents: NO_SUBMITTING };
        const text = withPlainRequire(readFileSync(path, 'utf8'));
        note(path, text);
        const contents = withOwnPlace(path, text);
        return contents === undefined ? undefined : { contents, loader: loaderOf(path) };
      });
    },
  };

  /** Only packages are decided about here, by their folder: what is inside of one esbuild finds faster. */
  async function resolvePackage(args: OnResolveArgs, build: PluginBuild): Promise<OnResolveResult | undefined> {
    const { kind, importer, resolveDir, path } = args;
    if (args.pluginData === 'seen' || kind === 'entry-point' || isBuiltin(path)) return undefined;
    const name = packageName(path);
    if (PACKING.includes(name) && importer.startsWith(OWN.folder)) return { path: name, namespace: NOWHERE };
    if (external.includes(name)) {
      found.externals.set(name, undefined);
      return { path, external: true };
    }
    const folder = findPackage(name, resolveDir);
    if (folder === undefined) {
      if (kind !== 'dynamic-import' && kind !== 'require-call') return undefined;
      // A package that not everybody needs is looked for when it is needed. It may have other names, of tsconfig say.
      const resolved = await build.resolve(path, { kind, importer, resolveDir, pluginData: 'seen' });
      return resolved.errors.length > 0 ? { path, external: true } : resolved;
    }
    // This package is part of each bundle, whatever it can do with others.
    if (folder === OWN.folder || !isNative(folder)) return undefined;
    found.externals.set(name, places.ownerOf(join(folder, 'package.json'))?.version);
    return { path, external: true };
  }

  /** Notes what a module names by URL. */
  function note(path: string, text: string): void {
    for (const reference of referencesIn(text)) {
      const target = resolve(dirname(path), reference.path);
      if (!existsSync(target)) continue;
      // A folder that the module itself is in is a base for other paths, which are not known. Packages name their own so where they read
      // files that lie beside the module; in an application it may hold anything.
      const isBase = `${path}${sep}`.startsWith(`${target}${sep}`);
      if (isBase && !(reference.path === './' && places.of(path).startsWith('npm/'))) continue;
      const isModule = /^\.m?[jt]s$/.test(extname(target)) && statSync(target).isFile();
      (isModule ? found.entries : found.assets).add(target);
    }
  }

  /** A module's text with declarations of its own URL and paths before it, on its first line; undefined where it asks for none. */
  function withOwnPlace(path: string, text: string): string | undefined {
    const asks = /\bimport\.meta\.(?:url|filename|dirname)\b/.test(text);
    const asksOld = /\b__(?:dirname|filename)\b/.test(text) && isOldModule(path, text);
    if (!asks && !asksOld) return undefined;
    const url = `new URL(${JSON.stringify(`../${places.of(path)}`)},globalThis.__smallboat_run)`;
    const toPath = 'process.getBuiltinModule("node:url").fileURLToPath';
    const names = asksOld
      ? { filename: '__filename', dirname: '__dirname' }
      : { filename: META_NAMES['import.meta.filename'], dirname: META_NAMES['import.meta.dirname'] };
    const declared = [
      ...(asksOld ? [] : [`${META_NAMES['import.meta.url']}=${url}.href`]),
      `${names.filename}=${toPath}(${url})`,
      `${names.dirname}=process.getBuiltinModule("node:path").dirname(${names.filename})`,
    ];
    const head = `var ${declared.join(',')};`;
    const hashbang = /^#!.*\n/.exec(text)?.[0] ?? '';
    return `${hashbang}${head}${text.slice(hashbang.length)}`;
  }
}

/** A module's text where `createRequire(import.meta.url)` is plain `require`, which is bundled. The number of lines stays. */
function withPlainRequire(text: string): string {
  if (!text.includes('createRequire')) return text;
  return text
    .replaceAll(/\b(?:const|let|var) require = createRequire\(import\.meta\.url\)/g, 'void 0')
    .replaceAll(/\bcreateRequire\(import\.meta\.url\)\(/g, 'require(');
}

function loaderOf(path: string): Loader {
  const kind = extname(path).slice(1);
  if (kind.endsWith('tsx')) return 'tsx';
  if (kind.endsWith('jsx')) return 'jsx';
  return kind.endsWith('ts') ? 'ts' : 'js';
}

/** A CommonJS module: it has `__dirname` of its own, and no `import`. */
function isOldModule(path: string, text: string): boolean {
  return path.endsWith('.cjs') || (path.endsWith('.js') && !/^\s*(?:import\b[^(.]|export\b)/m.test(text));
}

/** `@duckdb/node-api` of `@duckdb/node-api/lib/x.js`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
