import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Files share processes: a test leaves nothing behind, and starting two hundred processes takes a third of the time.
    isolate: false,
    // All cores: many of the tests wait for processes of their own.
    maxWorkers: '100%',
    // Of tests of one file that may run side by side: each starts processes.
    maxConcurrency: 3,
    // Real processes on a shared machine: in CI a test that fails once and then passes is reported, and does not stop the rest.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
});
