import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Io } from '../kernel/index.ts';
import { cliErrors } from './command.ts';

/** A flow's place on the command line: `flow.ts`, or `flow.ts#name` where a file has several. */
export interface FlowFile {
  /** URL of the module. */
  readonly module: string;
  /** The same as an absolute path. */
  readonly path: string;
  readonly wanted?: string;
}

/** Throws `USAGE` where there is no such file. */
export function flowFile(given: string, command: string, io: Io): FlowFile {
  const [file = '', wanted] = given.split('#');
  const path = resolve(io.cwd, file);
  if (!existsSync(path)) throw cliErrors.USAGE({ command, problem: `There is no file ${path}` });
  return { module: pathToFileURL(path).href, path, ...(wanted === undefined ? {} : { wanted }) };
}
