import { expect, it } from 'vitest';
import { containerLog } from './container-log.ts';

it('hands on whole lines, and takes out what the task says of itself', () => {
  const lines: string[] = [];
  const told: unknown[] = [];
  const log = containerLog({
    onLog: (stream, text) => lines.push(`${stream} ${text}`),
    onProgress: (p) => told.push(p),
  });
  log.write('stdout', 'one\ntw');
  log.write(
    'stdout',
    'o\n[smallboat] progress 0.5 half\n[smallboat] lost {"kind":"killed","how":"was killed","tail":""}\nthree',
  );
  expect(lines).toEqual(['stdout one\n', 'stdout two\n']);
  log.end();
  expect(lines.at(-1)).toBe('stdout three\n');
  expect(told).toEqual([{ fraction: 0.5, message: 'half' }]);
  expect(log.loss).toEqual({ kind: 'killed', how: 'was killed', tail: '' });
  expect(log.tail).toBe('one\ntwo\nthree\n');
});

it('adds what the store has and nobody told, each line as often as it is there', () => {
  const lines: string[] = [];
  const log = containerLog({ onLog: (_, text) => lines.push(text) });
  log.write('stdout', 'a\nb\n');
  log.complete('stdout', 'a\nb\nb\nc');
  expect(lines).toEqual(['a\n', 'b\n', 'b\n', 'c\n']);
});
