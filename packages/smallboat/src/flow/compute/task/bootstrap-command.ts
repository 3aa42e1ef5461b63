import { dirname } from 'node:path';
import { BOOTSTRAP } from './entries.ts';
import { EXIT } from './exit-codes.ts';

let made: Promise<readonly string[]> | undefined;

/**
 * The command of a container: looks for Node, and has it run the bootstrap, which is part of the command and can be read there. The same for
 * all tasks: what differs from task to task is in the environment.
 */
export function bootstrapCommand(): Promise<readonly string[]> {
  made ??= build();
  return made;
}

async function build(): Promise<readonly string[]> {
  const { build: run } = await import('esbuild');
  const { outputFiles } = await run({
    stdin: {
      contents: `import { boot } from ${JSON.stringify(BOOTSTRAP)}; await boot(process.env);`,
      resolveDir: dirname(BOOTSTRAP),
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'node',
    // What an older Node can parse as well, so that it is told from `boot` that it is too old.
    target: 'node18',
    charset: 'ascii',
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text.trim() ?? '';
  // Kubernetes makes one $ of two in a command, and AWS Batch puts parameters in for this word.
  if (code.includes('$$') || code.includes('Ref::')) throw new Error('The bootstrap has text that services replace.');
  const isThere = `command -v node >/dev/null 2>&1 || { echo "[smallboat] the image has no program node: give the step an image with Node" >&2; exit ${EXIT.noNode}; }`;
  return ['sh', '-c', `${isThere}; exec node --input-type=module -e "$0"`, code];
}
