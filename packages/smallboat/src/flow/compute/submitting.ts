import { fileURLToPath } from 'node:url';

/** The module that starts jobs: a task has no use for it, and code packages leave it out, with all that only it needs. */
export const SUBMITTING: string = fileURLToPath(new URL('./index.ts', import.meta.url));
