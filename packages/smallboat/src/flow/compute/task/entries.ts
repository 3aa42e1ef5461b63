import { fileURLToPath } from 'node:url';

/** Modules of this folder that are bundled on their own, by where they lie. */
export const TASK_MAIN: string = fileURLToPath(new URL('./task-main.ts', import.meta.url));
export const BOOTSTRAP: string = fileURLToPath(new URL('./bootstrap.ts', import.meta.url));
/** What starts jobs: a task has no use for it, and code packages leave it out. */
export const SUBMITTING: string = fileURLToPath(new URL('../index.ts', import.meta.url));
