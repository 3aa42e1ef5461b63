import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { defineErrors, sha256 } from '../../kernel/index.ts';

export const kernelErrors = defineErrors({
  LSTM_KERNEL_MISSING: (f: { path: string; problem: string }) =>
    `The compiled kernel ${f.path} is not there and could not be made: ${f.problem}. ` +
    `Install the package again, or 'assemblyscript' beside it to compile the kernel here.`,
});

const flags = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--sharedMemory',
  '--maximumMemory',
  '65536',
  '--enable',
  'simd',
  '--enable',
  'relaxed-simd',
  '--enable',
  'threads',
];

let loaded: WebAssembly.Module | undefined;

/**
 * The kernel as a WebAssembly module, compiled once a process. Its bytes lie beside its source as
 * `kernel-<hash of the source>.wasm`: a published package has that file; a checkout makes it on first use, which takes
 * about 2 seconds.
 */
export function kernelModule(): WebAssembly.Module {
  if (loaded) return loaded;
  const bytes = kernelBytes(fileURLToPath(new URL('./', import.meta.url)));
  // V8 then joins pairs of 128-bit operations to 256-bit ones (measured: a third less time an epoch, the same results).
  // The flag exists on x64 only; before Node 24 it was not tried.
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (process.arch === 'x64' && major >= 24) setFlagsFromString('--experimental-wasm-revectorize');
  loaded = new WebAssembly.Module(bytes);
  return loaded;
}

function kernelBytes(folder: string): Uint8Array<ArrayBuffer> {
  const sources = join(folder, 'assembly');
  const source = join(sources, 'index.ts');
  const texts = readdirSync(sources)
    .sort()
    .map((name) => readFileSync(join(sources, name), 'utf8'));
  const hash = sha256([flags.join(' '), ...texts].join('\n')).slice(0, 16);
  const path = join(folder, `kernel-${hash}.wasm`);
  if (existsSync(path)) return readFileSync(path);
  // A folder that cannot be written to, as in some containers, does not stop the work: the bytes are made in the temporary one.
  const aside = [`${path}.${randomUUID()}.part`, join(tmpdir(), `kernel-${randomUUID()}.wasm`)];
  let problem: unknown;
  for (const target of aside) {
    try {
      const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
      execFileSync(process.execPath, ['--enable-source-maps', compiler, source, '-o', target, ...flags], {
        stdio: 'pipe',
      });
      const bytes = readFileSync(target);
      if (target === aside[0]) renameSync(target, path);
      return bytes;
    } catch (error) {
      problem = error;
    } finally {
      rmSync(target, { force: true });
    }
  }
  throw kernelErrors.LSTM_KERNEL_MISSING({ path, problem: String(problem) }, { cause: problem });
}
