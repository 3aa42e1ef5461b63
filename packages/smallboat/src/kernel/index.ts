export { SmallboatError, defineErrors } from './errors.ts';
export type { ErrorKind } from './errors.ts';
export { exclusive, exclusiveErrors } from './exclusive.ts';
export { isMissing, namesIn, writeWhole } from './files.ts';
export { sha256, sha256OfFile } from './hash.ts';
export { isProcessAlive } from './process-alive.ts';
export { processIo } from './io.ts';
export type { Io } from './io.ts';
export type { Progress, WorkOptions } from './progress.ts';
