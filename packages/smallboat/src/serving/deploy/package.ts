import { readFile, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineErrors, sha256 } from '../../kernel/index.ts';
import { loadPredictor } from '../load-predictor.ts';

/** Files by path, with `/` between folders. */
export type Files = ReadonlyMap<string, Uint8Array>;

export const packageErrors = defineErrors({
  PACKAGE_TOO_LARGE: (f: { what: string; megabytes: number; limit: number }) =>
    `${f.what} is ${f.megabytes} MB, and AWS takes ${f.limit} MB. Take a smaller model, or deploy it to SageMaker.`,
});

/** Lambda takes 250 MB unpacked, and 50 MB packed where it is sent with the request. */
const MOST_UNPACKED = 250;
const MOST_PACKED = 50;
/** The same moment in every archive: the same files give the same bytes. ZIP knows none before 1980. */
const THEN = new Date(1980, 0, 1, 0, 0, 0);

/** A model folder as `model.tar.gz`, as SageMaker unpacks it to /opt/ml/model. The model is checked first; the same folder gives the same bytes. */
export async function packModel(
  modelFolder: string,
): Promise<{ readonly bytes: Uint8Array; readonly version: string }> {
  // Not with what starts jobs: a step that deploys may run as a job itself.
  const { packArchive } = await import('../../flow/compute/code/index.ts');
  const { version } = await loadPredictor(modelFolder);
  return { bytes: await packArchive(await filesIn(modelFolder)), version };
}

/** The files of the container's image but for Node: the program, and the Dockerfile that puts both together. The model is not in it. */
export async function imageFiles(base = 'node:24-slim'): Promise<Files> {
  const { packProgram } = await import('../../flow/compute/index.ts');
  const main = fileURLToPath(new URL('../sagemaker/container-main.ts', import.meta.url));
  const program = await packProgram({ entries: { endpoint: main } });
  const inside = [...program].map(([path, bytes]): [string, Uint8Array] => [`program/${path}`, bytes]);
  return new Map([...inside, ['Dockerfile', Buffer.from(containerDockerfile(base))]]);
}

/** A Dockerfile for the endpoint's container. Its program needs Node and nothing else: no package is installed. */
export function containerDockerfile(base: string): string {
  return [
    '# syntax=docker/dockerfile:1',
    '# The endpoint as a container for SageMaker: made by `smallboat deploy --to sagemaker --package`.',
    `FROM ${base}`,
    'LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true',
    'ENV NODE_ENV=production',
    'COPY program /opt/program',
    'EXPOSE 8080',
    '# SageMaker starts it as `serve`, and ends it by SIGTERM: both must reach Node itself, not a shell.',
    'ENTRYPOINT ["node", "/opt/program/run/endpoint.js"]',
    'CMD ["serve"]',
    '',
  ].join('\n');
}

/**
 * A function for Lambda as a ZIP: the program, `run/function.handler`, and the model beside it where it answers alone. AWS's SDK is part of Lambda's own
 * runtime. The same sources and model give the same bytes. Rejects with `PACKAGE_TOO_LARGE`.
 */
export async function functionZip(
  modelFolder?: string,
): Promise<{ readonly bytes: Uint8Array; readonly hash: string }> {
  const { packProgram } = await import('../../flow/compute/index.ts');
  const main = fileURLToPath(new URL('../lambda/lambda-main.ts', import.meta.url));
  const program = await packProgram({ entries: { function: main } });
  const files = new Map(program);
  if (modelFolder !== undefined) {
    await loadPredictor(modelFolder);
    for (const [path, bytes] of await filesIn(modelFolder)) files.set(`model/${path}`, bytes);
  }
  const unpacked = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  checkSize('The function, unpacked,', unpacked, MOST_UNPACKED);
  const { zipSync } = await import('fflate');
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const bytes = zipSync(Object.fromEntries(sorted), { level: 9, mtime: THEN });
  checkSize('The function', bytes.length, MOST_PACKED);
  return { bytes, hash: sha256(bytes) };
}

function checkSize(what: string, bytes: number, limit: number): void {
  const megabytes = Math.ceil(bytes / 1e6);
  if (megabytes > limit) throw packageErrors.PACKAGE_TOO_LARGE({ what, megabytes, limit });
}

async function filesIn(folder: string): Promise<Map<string, Uint8Array>> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  const files = new Map<string, Uint8Array>();
  for (const path of paths) files.set(relative(folder, path).split(sep).join('/'), await readFile(path));
  return files;
}
