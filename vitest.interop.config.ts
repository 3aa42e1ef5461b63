import { defineConfig } from 'vitest/config';

/** Against the real programs (Python's Metaflow, dbt-core, Great Expectations, …). */
export default defineConfig({
  test: {
    include: ['interop/**/*.interop.ts'],
    testTimeout: 300_000,
    hookTimeout: 900_000,
    pool: 'forks',
    // Real processes on a shared machine: in CI a test that fails once and then passes is reported, and does not stop the rest.
    retry: process.env['CI'] === undefined ? 0 : 1,
    maxWorkers: 2,
  },
});
