import { readFileSync } from 'node:fs';

/** Adds up vitest's JSON reports and prints one plain line: `312 passed, 0 failed, 1 skipped`. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')) as Report);
const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0);
const failed = sum((r) => r.numFailedTests);
const skipped = sum((r) => r.numPendingTests);
console.log(`${sum((r) => r.numPassedTests)} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
