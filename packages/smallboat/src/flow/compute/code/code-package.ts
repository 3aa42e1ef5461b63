import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { defineErrors } from '../../../kernel/index.ts';
import type { CodeOptions } from '../../options.ts';
import { WORKER_MAIN } from '../../engine/worker-process.ts';
import { TASK_MAIN } from '../task/entries.ts';
import { type Files, packArchive, unpackArchive } from './archive.ts';
import { type Bundle, moduleFile } from './bundle.ts';
import { bundleOnce } from './bundle-once.ts';
import { secretIn } from './forbidden.ts';
import { filesBelow, filesOf } from './included-files.ts';
import { OWN } from './own-package.ts';

export const packageErrors = defineErrors({
  CODE_TOO_LARGE: (f: { megabytes: string; limit: number; largest: string }) =>
    `The code package is ${f.megabytes} MB, and at most ${f.limit} MB are sent. Its largest files: ${f.largest}. Leave data out of code.include (read it from the store or a bucket), or raise code.maxMegabytes.`,
  CODE_HOLDS_SECRET: (f: { file: string; line: number; what: string }) =>
    `${f.file}:${f.line} has the form of ${f.what}. Code packages are kept for as long as runs are: hand it on by 'secrets' of a step, or take it out.`,
});

const DEFAULT_MAX_MEGABYTES = 50;

/** `INFO` in a code package: where Metaflow looks for the name of the script, and what we need to know. */
const Info = z.looseObject({
  /** Path of the flow's own source in the package; empty in packages of Python. */
  script: z.string().default(''),
  flow_name: z.string().optional(),
  smallboat_version: z.string().optional(),
  /** Version of Node that it was made with. */
  node_version: z.string().optional(),
  /** Packages that the image has to bring, with the versions that were installed where it was made. */
  externals: z.record(z.string(), z.string()).default({}),
});
export type CodeInfo = z.infer<typeof Info>;

/** A flow's code, to be run elsewhere. */
export interface PackedCode {
  /** `.tar.gz`. */
  readonly bytes: Uint8Array;
  readonly files: Files;
  readonly info: CodeInfo;
}

export interface PackOptions {
  /** URL of the module that exports the flow. */
  readonly module: string;
  readonly flow: string;
  readonly code?: CodeOptions | undefined;
}

/**
 * Makes the code package of a flow: its module and all that it imports, bundled; the sources of its own files, as they are; the files that
 * they name by URL, and those of `include`. It holds no file that is known to hold secrets, and nothing of this machine: the same sources
 * give the same bytes. Rejects with `BUNDLE_FAILED`, `CODE_TOO_LARGE`, `CODE_HOLDS_SECRET`, `INCLUDE_EMPTY`, `INCLUDE_FORBIDDEN`.
 */
export async function packCode({ module, flow, code = {} }: PackOptions): Promise<PackedCode> {
  const script = moduleFile(module);
  const made = await bundleOnce({
    entries: { flow: script, task: TASK_MAIN, worker: WORKER_MAIN },
    ...(code.external ? { external: code.external } : {}),
  });
  const files = new Map(made.files);
  const own = made.sources.filter((path) => made.places.of(path).startsWith('app/'));
  const named = (await Promise.all(made.assets.map((path) => filesBelow(path))))
    .flat()
    .filter((path) => !/\.test\.\w+$/.test(path));
  const included = await filesOf(code.include ?? [], made.root);
  await addFiles(files, [...own, ...named, ...included], made);
  const info: CodeInfo = {
    script: made.places.of(script),
    flow_name: flow,
    smallboat_version: OWN.version,
    node_version: process.version,
    externals: Object.fromEntries([...made.externals].map(([name, known]) => [name, known ?? '*'])),
  };
  const text = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
  files.set('INFO', text(info));
  files.set('package.json', text({ type: 'module', private: true }));
  const bytes = await packArchive(files);
  checkSize(bytes, files, code.maxMegabytes ?? DEFAULT_MAX_MEGABYTES);
  return { bytes, files, info };
}

/** The files and facts of a package. */
export async function readPackage(bytes: Uint8Array): Promise<PackedCode> {
  const files = await unpackArchive(bytes);
  const info = Info.parse(JSON.parse(Buffer.from(files.get('INFO') ?? '{}').toString('utf8')));
  return { bytes, files, info };
}

async function addFiles(files: Map<string, Uint8Array>, paths: readonly string[], { places }: Bundle): Promise<void> {
  for (const path of new Set(paths)) {
    const place = places.of(path);
    // A module that is named by URL has its stub there.
    if (files.has(place)) continue;
    const bytes = await readFile(path);
    if (place.startsWith('app/') && bytes.length < 1 << 20) {
      const secret = secretIn(bytes.toString('utf8'));
      if (secret) throw packageErrors.CODE_HOLDS_SECRET({ file: path, ...secret });
    }
    files.set(place, bytes);
  }
}

function checkSize(bytes: Uint8Array, files: Files, limit: number): void {
  if (bytes.length <= limit * 1e6) return;
  const largest = [...files]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, 5)
    .map(([path, content]) => `${path} (${megabytes(content)} MB)`)
    .join(', ');
  throw packageErrors.CODE_TOO_LARGE({ megabytes: megabytes(bytes), limit, largest });
}

function megabytes(content: Uint8Array): string {
  return (content.length / 1e6).toPrecision(3);
}
