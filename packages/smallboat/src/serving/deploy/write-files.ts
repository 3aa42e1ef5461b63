import { join } from 'node:path';
import { writeWhole } from '../../kernel/index.ts';
import type { Files } from './package.ts';
import { functionZip, imageFiles, packModel } from './package.ts';
import { serverlessFile } from './serverless.ts';
import type { TemplateOptions } from './template.ts';
import { lambdaTemplate, sagemakerTemplate } from './template.ts';

export interface WriteFilesOptions extends TemplateOptions {
  readonly target: 'sagemaker' | 'lambda';
  readonly folder: string;
  /** Left out for a function in front of SageMaker. */
  readonly modelFolder?: string;
  /** The image that the container's begins with. */
  readonly base?: string;
}

/**
 * Writes what a team deploys by its own means: `function.zip`, or the folder `image/` with a Dockerfile and `model.tar.gz`; a template of
 * CloudFormation, and for Lambda `serverless.yml`. The same model gives the same bytes.
 *
 * @returns the paths that were written.
 */
export async function writeDeployFiles(options: WriteFilesOptions): Promise<readonly string[]> {
  const files = new Map(await packed(options));
  const text = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  files.set('template.json', text(options.target === 'lambda' ? lambdaTemplate(options) : sagemakerTemplate(options)));
  if (options.target === 'lambda') files.set('serverless.yml', text(serverlessFile(options)));
  for (const [path, bytes] of files) await writeWhole(join(options.folder, path), bytes, { sync: false });
  return [...files.keys()].sort();
}

async function packed({ target, modelFolder, base }: WriteFilesOptions): Promise<Files> {
  if (target === 'lambda') return new Map([['function.zip', (await functionZip(modelFolder)).bytes]]);
  const image = [...(await imageFiles(base))].map(([path, bytes]): [string, Uint8Array] => [`image/${path}`, bytes]);
  if (modelFolder === undefined) return new Map(image);
  return new Map([...image, ['model.tar.gz', (await packModel(modelFolder)).bytes]]);
}
