import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineErrors, sha256, messageOf } from '../../kernel/index.ts';
import type { Dag, StepNode } from '../definition.ts';

export const codeErrors = defineErrors({
  CODE_UNREADABLE: (f: { file: string; problem: string }) =>
    `The code of the steps in ${f.file} could not be put together, which 'run --cache' needs to know what has changed: ${f.problem}. Mend it, or run without --cache.`,
});

/** This room: how it runs a step is not part of what the step does. */
const room = fileURLToPath(new URL('../', import.meta.url));

const isRoom = (path: string): boolean => path.startsWith(room) && !path.startsWith(`${room}testing/`);

/** The code that a step runs. */
export interface StepCode {
  /** SHA-256 over all that it can reach, comments and formatting left out. */
  readonly hash: string;
  /** SHA-256 of each of our files that it reaches, by absolute path. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The code of each step: its body, and what that reaches in its own file and in those that it imports, packages left out (the lock file
 * says which they are). A change elsewhere in the same file does not count. Steps whose declaration cannot be found (made by a function,
 * say) count all of their file.
 */
export async function codeOfSteps(dag: Dag): Promise<ReadonlyMap<string, StepCode>> {
  const { build } = await import('esbuild');
  const files = new Map<string, Promise<string>>();
  const sourceOf = (file: string): Promise<string> => {
    const known = files.get(file) ?? readFile(file, 'utf8');
    files.set(file, known);
    return known;
  };
  const steps = dag.steps.filter(({ site }) => site !== undefined);
  const entries = await Promise.all(steps.map(async (node) => entryOf(node, await sourceOf(node.site?.file ?? ''))));
  const made = await build({
    entryPoints: steps.map(({ name }) => ({ in: `step:${name}`, out: name })),
    outdir: '/',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'silent',
    absWorkingDir: '/',
    plugins: [
      {
        name: 'steps',
        setup(plugin) {
          plugin.onResolve({ filter: /^step:/ }, ({ path }) => ({ path, namespace: 'step' }));
          plugin.onLoad({ filter: /.*/, namespace: 'step' }, ({ path }) => {
            const entry = entries[steps.findIndex(({ name }) => `step:${name}` === path)];
            return { contents: entry?.code ?? '', resolveDir: dirname(entry?.file ?? '/'), loader: 'ts' };
          });
          // Packages are told by the lock file; what lies beside us as a workspace is our own code.
          plugin.onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...rest }) => {
            if (rest.namespace === 'step' || pluginData === 'ours' || rest.kind === 'entry-point') return undefined;
            if (path.startsWith('node:')) return { path, external: true };
            const found = await plugin.resolve(path, { ...rest, pluginData: 'ours' });
            const isPackage = /[\\/]node_modules[\\/]/.test(found.path) || isRoom(found.path);
            if (found.errors.length > 0 || found.external || isPackage) {
              return { path, external: true };
            }
            return { path: found.path };
          });
          plugin.onResolve({ filter: /^[./]/ }, ({ path, resolveDir }) =>
            isRoom(resolve(resolveDir, path)) ? { path, external: true } : undefined,
          );
          plugin.onLoad({ filter: /.*/, namespace: 'file' }, async ({ path }) => {
            if (!CODE.has(extname(path))) return { contents: await readFile(path), loader: 'binary' };
            return { contents: openedUp(await sourceOf(path)), loader: CODE.get(extname(path)) ?? 'ts' };
          });
        },
      },
    ],
  }).catch((cause: unknown) => {
    const problem = messageOf(cause);
    throw codeErrors.CODE_UNREADABLE({ file: steps[0]?.site?.file ?? '', problem }, { cause });
  });
  const outputs = new Map(
    Object.entries(made.metafile.outputs).map(([path, { inputs }]) => [
      path.replace(/^\/?|\.js$/g, ''),
      Object.entries(inputs)
        .filter(([file, { bytesInOutput }]) => bytesInOutput > 0 && !file.startsWith('step:'))
        .map(([file]) => (file.startsWith('/') ? file : `/${file}`)),
    ]),
  );
  const codes = await Promise.all(
    made.outputFiles.map(async ({ path, text }): Promise<[string, StepCode]> => {
      const name = path.replace(/^\/?|\.js$/g, '');
      const own = (outputs.get(name) ?? []).sort();
      const hashes = await Promise.all(own.map(async (file) => [file, sha256(await readFile(file))] as const));
      return [name, { hash: sha256(text), files: Object.fromEntries(hashes) }];
    }),
  );
  return new Map(codes);
}

const CODE: ReadonlyMap<string, 'ts' | 'tsx' | 'js' | 'jsx' | 'json'> = new Map([
  ['.ts', 'ts'],
  ['.mts', 'ts'],
  ['.cts', 'ts'],
  ['.tsx', 'tsx'],
  ['.js', 'js'],
  ['.mjs', 'js'],
  ['.cjs', 'js'],
  ['.jsx', 'jsx'],
  ['.json', 'json'],
]);

/** What a file's declarations of steps are called, and the steps' names. */
const DECLARED =
  /\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::[^=;]+)?=\s*(?:[\w$.]+\(\s*)?step\s*(?:<[^>]*>)?\(\s*(['"`])(\w+)\2/g;

function declaredIn(source: string): ReadonlyMap<string, string> {
  return new Map([...source.matchAll(DECLARED)].map(([, binding = '', , name = '']) => [name, binding]));
}

/** A module that reaches one step and nothing else, or all of its file. */
function entryOf(node: StepNode, source: string): { readonly file: string; readonly code: string } {
  const { file = '' } = node.site ?? {};
  const declared = declaredIn(source);
  // `train.as('train_2')` runs the code of `train`: its declaration has the line.
  const line = source.split('\n')[(node.site?.line ?? 1) - 1] ?? '';
  const binding = declared.get(node.name) ?? /\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)/.exec(line)?.[1];
  const isKnown = binding !== undefined && [...declared.values()].includes(binding);
  const from = JSON.stringify(file);
  return { file, code: isKnown ? `export { ${exported(binding)} as it } from ${from};` : `export * from ${from};` };
}

const exported = (binding: string): string => `smallboat_step_${binding}`;

/**
 * A file for the hash alone: each step can be reached, and declaring one or a flow counts as doing nothing, so that what no wanted step
 * reaches is left out. Never run.
 */
function openedUp(source: string): string {
  const bindings = [...new Set(declaredIn(source).values())];
  const pure = source
    .replace(
      /(?<![\w$.]|function\s)(step|wrap|each|when|match|repeat|merge)(\s*(?:<[^<>()]*>)?\()/g,
      '/* @__PURE__ */ $1$2',
    )
    // The schemas of a flow's parameters are calls too.
    .replace(/((?:=|export default)\s*)flow(\s*(?:<[^<>()]*>)?\()/g, '$1!1 && flow$2');
  if (bindings.length === 0) return pure;
  return `${pure}\nexport { ${bindings.map((b) => `${b} as ${exported(b)}`).join(', ')} };\n`;
}
