/**
 * A worker process: imports the flow’s module once, then runs the attempts that its parent sends, one at a time. Plain
 * JavaScript, so that the cache of compiled code is on before the first file that needs compiling.
 */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { startWorker } = await import('./worker.ts');
startWorker(process.argv[2] ?? '', { guardsItself: process.argv[3] === 'guards-itself' });
