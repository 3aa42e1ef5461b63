import * as z from 'zod';
import type { RunLine } from '../run-log.ts';
import type { EndStatus } from '../tracker.ts';

export const EXIT_CODE: Readonly<Record<EndStatus, number>> = { finished: 0, failed: 1, stopped: 255 };

/** Numbers by name, as a state keeps them: JSON has no NaN and no infinities. */
export const Values = z.record(
  z.string(),
  z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]),
);

export function asJson(values: Readonly<Record<string, number>>): Readonly<Record<string, number | string>> {
  return Object.fromEntries(Object.entries(values).map(([k, v]) => [k, Number.isFinite(v) ? v : String(v)]));
}

export type Row =
  | {
      readonly kind: 'row';
      readonly step: number;
      readonly at: number;
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'line'; readonly line: RunLine };

/** Metrics of the same step that follow each other are one row, unless one would take another's place. */
export function rowsOf(lines: readonly RunLine[]): readonly Row[] {
  const rows: Row[] = [];
  for (const line of lines) {
    const last = rows.at(-1);
    if (line.t !== 'm') rows.push({ kind: 'line', line });
    else if (last?.kind === 'row' && last.step === line.s && !Object.keys(line.v).some((name) => name in last.values)) {
      rows[rows.length - 1] = { ...last, values: { ...last.values, ...line.v } };
    } else rows.push({ kind: 'row', step: line.s, at: line.at, values: line.v });
  }
  return rows;
}

/** A row as W&B keeps it, under its own step. */
export function valuesAt(row: Extract<Row, { kind: 'row' }>, step: number, startedAt: number): Record<string, number> {
  const times = { _step: step, _timestamp: row.at / 1000, _runtime: (row.at - startedAt) / 1000 };
  return { step: row.step, ...row.values, ...times };
}

/** What a line adds to the configuration of a run, and where in it; undefined if nothing. */
export function configOf(
  line: RunLine,
): { readonly path: readonly string[]; readonly values: Readonly<Record<string, unknown>> } | undefined {
  switch (line.t) {
    case 'params':
      return { path: [], values: line.values };
    case 'tags':
      return { path: ['tags'], values: line.values };
    case 'data':
      return { path: ['data'], values: { [`${line.data.name} ${line.data.context ?? ''}`.trim()]: line.data } };
    case 'model':
      return { path: ['models'], values: { [line.model.name]: line.model } };
    case 'm':
    case 'start':
    case 'artifact':
    case 'resume':
    case 'end':
      return undefined;
    default:
      return line satisfies never;
  }
}

/** Names that W&B itself gives to files of a run. */
const TAKEN = new Set(['config.yaml', 'wandb-summary.json', 'wandb-metadata.json', 'output.log', 'requirements.txt']);

/** A file's name as W&B keeps it. */
export function fileName(name: string): string {
  return TAKEN.has(name) ? `artifacts/${name}` : name;
}

/** A project's name as W&B takes it. */
export function wandbName(name: string): string {
  return name.replaceAll(/[/\\#?%:]/g, '-').slice(0, 128);
}
