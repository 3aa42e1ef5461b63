import { describe, expect, it } from 'vitest';
import type { CardPlace } from './card-contract.ts';

/** What every run store promises of its logs: part of `runStoreContract`. */
export function logCases(place: () => CardPlace): void {
  describe('logs', () => {
    it('are empty at first', async () => {
      const { store, begun } = place();
      expect(await store.readLog(await begun(), 0, 'stdout')).toBe('');
    });

    it('hold what was written, by attempt and stream', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      await store.appendLog(task, 0, 'stdout', 'one\ntw');
      await store.appendLog(task, 0, 'stdout', 'o\n\n');
      await other.appendLog(task, 0, 'stdout', 'three');
      await store.appendLog(task, 0, 'stdout', '');
      await store.appendLog(task, 0, 'stderr', '[MFLOG|0|x] trap\r\n[1/2] é\n');
      await store.appendLog(task, 1, 'stdout', 'again\n');
      expect(await other.readLog(task, 0, 'stdout')).toBe('one\ntwo\n\nthree');
      expect(await other.readLog(task, 0, 'stderr')).toBe('[MFLOG|0|x] trap\r\n[1/2] é\n');
      expect(await other.readLog(task, 1, 'stdout')).toBe('again\n');
    });

    it('keep the order of many lines that nobody waited for', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      const lines = Array.from({ length: 200 }, (_, i) => `line ${i}\n`);
      await Promise.all(
        lines
          .flatMap((line) => [line.slice(0, 4), line.slice(4)])
          .map((piece) => store.appendLog(task, 0, 'stdout', piece)),
      );
      expect(await other.readLog(task, 0, 'stdout')).toBe(lines.join(''));
    });

    it('are deleted by attempt and stream, and say who did it', async () => {
      const { store, other, begun } = place();
      const task = await begun();
      await store.appendLog(task, 0, 'stdout', 'the key is xyz\nbye\n');
      await store.appendLog(task, 0, 'stderr', 'kept\n');
      expect(await other.scrubLog(task, 0, 'stdout')).toBeGreaterThan(15);
      expect(await store.readLog(task, 0, 'stdout')).toMatch(/^\[REDACTED\] by \S+ at \d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
      expect(await store.readLog(task, 0, 'stderr')).toBe('kept\n');
      expect(await store.scrubLog(task, 1, 'stdout')).toBe(0);
      expect(await store.readLog(task, 1, 'stdout')).toBe('');
    });
  });
}
