import { fileURLToPath } from 'node:url';

/** Modules of this folder that are bundled on their own, by where they lie. */
export const TASK_MAIN: string = fileURLToPath(new URL('./task-main.ts', import.meta.url));
export const BOOTSTRAP: string = fileURLToPath(new URL('./bootstrap.ts', import.meta.url));
