import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { casesOf, graphNames } from '../packages/smallboat/src/flow/testing/harness/cases.ts';
import {
  type Way,
  foldersMade,
  inFolder,
  inMemory,
  inProcesses,
  onCommandLine,
} from '../packages/smallboat/src/flow/testing/harness/ways.ts';

/**
 * Every graph with everything that may happen in it, in every way to run it. In memory and in a folder all cases run; those that start processes
 * take turns, each with a sixth of the cases, or with all where HARNESS is `all`.
 */
const isWhole = process.env['HARNESS'] === 'all';
const everywhere: readonly Way[] = [inMemory(1), inMemory(4), inFolder(4)];
const inTurns: readonly Way[] = [inProcesses(1), inProcesses(4), onCommandLine(2)];
const SEED = 3;

afterAll(async () => {
  for (const folder of foldersMade()) await rm(folder, { recursive: true, force: true });
});

for (const way of everywhere) {
  describe(`in ${way.name}`, () => {
    for (const graph of graphNames) {
      for (const one of casesOf(graph)) {
        if (one.needsProcesses && !way.hasProcesses) continue;
        it(`${graph}: ${one.name}`, async () => {
          expect(await one.check(way, SEED)).toEqual([]);
        });
      }
    }
  });
}

let turn = 0;
for (const way of inTurns) {
  describe(`with ${way.name}`, () => {
    for (const graph of graphNames) {
      for (const one of casesOf(graph)) {
        turn += 1;
        if (!isWhole && turn % (2 * inTurns.length) !== 0) continue;
        it(`${graph}: ${one.name}`, async () => {
          expect(await one.check(way, SEED)).toEqual([]);
        });
      }
    }
  });
}
