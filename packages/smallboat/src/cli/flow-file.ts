import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Io } from '../kernel/index.ts';
import { cliErrors } from './command.ts';

/** A flow's place on the command line: `flow.ts`, `flow.ts#name` where a file has several, or the folder of an application, which has a `flow.ts`. */
export interface FlowFile {
  /** URL of the module. */
  readonly module: string;
  /** The same as an absolute path. */
  readonly path: string;
  readonly wanted?: string;
  /** The folder, where one was named: its `smallboat.config.ts` counts. */
  readonly folder?: string;
}

/** The file that is meant by a file or a folder; it need not be there. */
export function flowPath(given: string, cwd: string): { readonly path: string; readonly folder?: string } {
  const path = resolve(cwd, given);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? { path: join(path, 'flow.ts'), folder: path } : { path };
}

/** Throws `USAGE` where there is no such file. */
export function flowFile(given: string, command: string, io: Io): FlowFile {
  const [file = '', wanted] = given.split('#');
  const { path, folder } = flowPath(file, io.cwd);
  if (!existsSync(path)) throw cliErrors.USAGE({ command, problem: `There is no file ${path}` });
  return {
    module: pathToFileURL(path).href,
    path,
    ...(wanted === undefined ? {} : { wanted }),
    ...(folder === undefined ? {} : { folder }),
  };
}
