/** An entrance of its own, with next to nothing behind it: `smallboat run` starts a worker before it loads anything else. */
export { startWorkerProcess } from '../engine/worker-process.ts';
export type { WorkerProcess } from '../engine/worker-process.ts';
