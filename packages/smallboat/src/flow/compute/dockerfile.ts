import { readFile } from 'node:fs/promises';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { defineErrors, isMissing } from '../../kernel/index.ts';

export const imageErrors = defineErrors({
  LOCK_FILE_MISSING: (f: { folder: string }) =>
    `${f.folder} has no package-lock.json, from which an image is made. Run 'npm install' there.`,
});

const Manifest = z.looseObject({
  workspaces: z.union([z.array(z.string()), z.looseObject({ packages: z.array(z.string()) })]).optional(),
});

export interface DockerfileOptions {
  /** The folder with `package.json` and `package-lock.json`. */
  readonly folder: string;
  /** The image that it begins with. */
  readonly base: string;
}

/**
 * A Dockerfile for an image that tasks run in: Node, and the packages of the lock file. The flow's own code is not in it, since that comes with
 * each run; so it is made anew only when the lock file changes. Nothing is copied but manifests: no secret can get in. Rejects with
 * `LOCK_FILE_MISSING`.
 */
export async function dockerfile({ folder, base }: DockerfileOptions): Promise<string> {
  const manifests = await manifestsIn(folder);
  const copies = manifests.map((path) => {
    const to = path.split('/').slice(0, -1).join('/');
    return `COPY ${path}${path === 'package.json' ? ' package-lock.json' : ''} ./${to === '' ? '' : `${to}/`}`;
  });
  return [
    '# syntax=docker/dockerfile:1',
    '# Runs tasks of smallboat: made by `smallboat image`.',
    `FROM ${base}`,
    'WORKDIR /app',
    'ENV NODE_ENV=production',
    ...copies,
    '# A private registry: docker build --secret id=npmrc,src=$HOME/.npmrc',
    'RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc \\',
    '    npm ci --omit=dev --no-audit --no-fund',
    '# Tasks find these packages wherever their code is unpacked.',
    'ENV SMALLBOAT_NODE_MODULES=/app/node_modules',
    'USER node',
    '',
  ].join('\n');
}

/** Paths of `package.json` and of those of the workspaces: `npm ci` wants them all. */
async function manifestsIn(folder: string): Promise<readonly string[]> {
  const manifest = Manifest.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  try {
    await readFile(join(folder, 'package-lock.json'));
  } catch (cause) {
    if (isMissing(cause)) throw imageErrors.LOCK_FILE_MISSING({ folder }, { cause });
    throw cause;
  }
  const { workspaces = [] } = manifest;
  const patterns = Array.isArray(workspaces) ? workspaces : workspaces.packages;
  const found: string[] = [];
  for (const pattern of patterns) {
    for await (const path of glob(`${pattern.replace(/\/$/, '')}/package.json`, { cwd: folder })) found.push(path);
  }
  return ['package.json', ...found.sort()];
}
