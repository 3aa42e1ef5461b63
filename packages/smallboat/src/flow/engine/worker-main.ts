/** A worker process: imports the flow's module once, then runs the attempts that its parent sends, one at a time. */
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { startWorker } = await import('./worker.ts');
startWorker(process.argv[2] ?? '');
