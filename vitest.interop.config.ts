import { defineConfig } from 'vitest/config';

/** Against the real programs (Python's Metaflow, dbt-core, Great Expectations, …). */
export default defineConfig({
  test: {
    include: ['interop/**/*.interop.ts'],
    testTimeout: 300_000,
    hookTimeout: 900_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
