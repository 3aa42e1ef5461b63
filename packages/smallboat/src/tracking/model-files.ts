import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, sha256OfFile } from '../kernel/index.ts';
import type { ModelFile, ModelVersion } from './registry.ts';
import { registryErrors } from './registry.ts';

/** Copies a folder, flushed to the disk, and gives the hash of what was written. */
export async function copyModel(from: string, to: string): Promise<readonly ModelFile[]> {
  const files: ModelFile[] = [];
  for (const path of await filesOf(from)) {
    await mkdir(join(to, path, '..'), { recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const file = await open(join(to, path), 'wx');
    try {
      for await (const chunk of createReadStream(join(from, path), { highWaterMark: 1 << 20 })) {
        const part = chunk as Buffer;
        hash.update(part);
        bytes += part.length;
        await file.writeFile(part);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    files.push({ path, bytes, sha256: hash.digest('hex') });
  }
  return files;
}

/** Files in a folder and below, sorted. */
async function filesOf(folder: string): Promise<readonly string[]> {
  const fail = (problem: string, cause?: unknown): never => {
    throw registryErrors.MODEL_FOLDER_INVALID({ folder, problem }, { cause });
  };
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) =>
    fail(isMissing(error) ? 'it does not exist' : String(error), error),
  );
  const files: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(join(folder, '/').length);
    if (entry.isFile()) files.push(path);
    else if (!entry.isDirectory()) fail(`${path} is neither a file nor a folder`);
  }
  if (files.length === 0) fail('there is no file in it');
  return files.sort();
}

/** Rejects with `MODEL_VERSION_CORRUPT` if a file of the version is missing, changed or new. */
export async function checkFiles({ name, version, folder, files }: ModelVersion): Promise<void> {
  const corrupt = (file: string, problem: string): Error =>
    registryErrors.MODEL_VERSION_CORRUPT({ name, version, file, problem });
  for (const { path, sha256 } of files) {
    const found = await sha256OfFile(join(folder, path)).catch((error: unknown) => {
      throw isMissing(error) ? corrupt(path, 'is missing') : error;
    });
    if (found !== sha256) throw corrupt(path, `has sha256 ${found.slice(0, 12)}… instead of ${sha256.slice(0, 12)}…`);
  }
  const known = new Set(files.map((file) => file.path));
  const extra = (await filesOf(folder)).find((path) => !known.has(path));
  if (extra !== undefined) throw corrupt(extra, 'was not there when it was registered');
}
