import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../kernel/index.ts';

/** With what a run was made: what a reader needs to make it again. */
export interface RunEnvironment {
  /** `v24.1.0` */
  readonly node: string;
  /** `linux x64` */
  readonly platform: string;
  /** SHA-256 of the file that defines the flow, in hexadecimal. */
  readonly code?: string;
  /** The commit that the folder of that file is at. What was changed since is not in it: `code` tells. */
  readonly commit?: string;
  readonly branch?: string;
}

/** The environment of this process and of a flow's module. A few small files are read, and no program is run. */
export async function runEnvironment(module: string): Promise<RunEnvironment> {
  const shared = { node: process.version, platform: `${process.platform} ${process.arch}` };
  if (!module.startsWith('file:')) return shared;
  const path = fileURLToPath(module);
  const [text, version] = await Promise.all([read(path), versionOf(dirname(path))]);
  return { ...shared, ...(text === undefined ? {} : { code: sha256(text) }), ...version };
}

/** Commit and branch of the repository around a folder, from its files; nothing where there is none. */
async function versionOf(folder: string): Promise<Pick<RunEnvironment, 'commit' | 'branch'>> {
  const git = await gitFolder(folder);
  const head = git === undefined ? undefined : await read(join(git, 'HEAD'));
  if (git === undefined || head === undefined) return {};
  const ref = /^ref: (refs\/heads\/\S+)/.exec(head)?.[1];
  if (ref === undefined) return /^[\da-f]{40,64}\s*$/.test(head) ? { commit: head.trim() } : {};
  const branch = ref.slice('refs/heads/'.length);
  // A work tree has its own HEAD, and the branches of the repository that it belongs to.
  const shared = resolve(git, ((await read(join(git, 'commondir'))) ?? '.').trim());
  const own = (await read(join(shared, ref)))?.trim();
  const packed = own === undefined ? await read(join(shared, 'packed-refs')) : undefined;
  const commit =
    own ??
    packed
      ?.split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0];
  return { branch, ...(commit === undefined ? {} : { commit }) };
}

async function gitFolder(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    const here = join(at, '.git');
    if ((await read(join(here, 'HEAD'))) !== undefined) return here;
    const link = /^gitdir: (.+)$/m.exec((await read(here)) ?? '')?.[1];
    if (link !== undefined) return resolve(at, link);
    if (dirname(at) === at) return undefined;
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // What cannot be read, a folder among it, tells nothing.
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}
