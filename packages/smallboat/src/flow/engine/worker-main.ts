/** A worker process: imports the flow's module once, then runs the attempts that its parent sends, one at a time. */
import { enableCompileCache } from 'node:module';
import type { WorkerSetup } from './messages.ts';

enableCompileCache();
const { startWorker } = await import('./worker.ts');
startWorker(JSON.parse(process.argv[2] ?? '') as WorkerSetup); // Written by the pool, as this shape.
