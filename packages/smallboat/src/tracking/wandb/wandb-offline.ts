import { constants } from 'node:fs';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import type { Destination, Shipment } from '../destination.ts';
import type { RunLine } from '../run-log.ts';
import type { EndStatus } from '../tracker.ts';
import { FILE_HEAD, recordBytes } from './record-log.ts';
import {
  configRecord,
  exitRecord,
  fileRecord,
  headerRecord,
  historyRecord,
  recordOf,
  runRecord,
  summaryRecord,
} from './records.ts';

export interface WandbOfflineOptions {
  /** The folder `wandb`, in which each run gets a folder `offline-run-…`. */
  readonly folder: string;
  /** Default the name of the experiment. */
  readonly project?: string;
  readonly entity?: string;
}

const Value = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

const State = z.object({
  /** 1 for the first file of a run; a run that is resumed goes on in another. */
  part: z.number(),
  isEnded: z.boolean(),
  /** Bytes of the file that count: what is behind them is of a shipment that was cut off. */
  bytes: z.number(),
  records: z.number(),
  /** The step of W&B's last row; −1 before the first. */
  step: z.number(),
  /** The last value of each metric. */
  summary: z.record(z.string(), Value),
});
type State = z.infer<typeof State>;

/** Names that W&B itself gives to files of a run. */
const TAKEN = new Set(['config.yaml', 'wandb-summary.json', 'wandb-metadata.json', 'output.log', 'requirements.txt']);

/**
 * Writes runs as W&B's offline runs, for `wandb sync`. W&B's steps only grow: a row whose step would go back gets the next
 * one, and every row has our step as `step`.
 */
export function wandbOffline(options: WandbOfflineOptions): Destination {
  const folder = resolve(options.folder);
  return {
    name: 'wandb-offline',
    location: `wandb-offline:${folder}`,
    async send(shipment) {
      const known = State.safeParse(shipment.state);
      let state: State = known.success
        ? known.data
        : { part: 1, isEnded: false, bytes: 0, records: 0, step: -1, summary: {} };
      for (const lines of untilEnds(shipment.lines))
        state = await writePart(folder, options, { ...shipment, lines }, state);
      // JSON has no NaN.
      const summary = Object.entries(state.summary).map(([k, v]) => [k, Number.isFinite(v) ? v : String(v)] as const);
      return { ...state, summary: Object.fromEntries(summary) };
    },
  };
}

/** Cut after each end of a run: what comes then goes into another file. */
function untilEnds(lines: readonly RunLine[]): readonly (readonly RunLine[])[] {
  const parts: RunLine[][] = [];
  for (const line of lines) {
    const last = parts.at(-1);
    if (last === undefined || last.at(-1)?.t === 'end') parts.push([line]);
    else last.push(line);
  }
  return parts;
}

async function writePart(
  root: string,
  options: WandbOfflineOptions,
  shipment: Shipment,
  before: State,
): Promise<State> {
  const { run, lines, signal } = shipment;
  let state: State = before.isEnded
    ? { ...before, part: before.part + 1, isEnded: false, bytes: 0, records: 0 }
    : before;
  const folder = join(root, `offline-run-${stamp(run.at + (state.part - 1) * 1000)}-${run.id}`);
  await mkdir(join(folder, 'files'), { recursive: true });
  const chunks: Uint8Array[] = [];
  const put = (...bodies: readonly Uint8Array[]): void => {
    for (const body of bodies) {
      if (state.bytes === 0) {
        chunks.push(FILE_HEAD);
        state = { ...state, bytes: FILE_HEAD.length };
      }
      const bytes = recordBytes(recordOf(state.records + 1, body), state.bytes);
      chunks.push(bytes);
      state = { ...state, bytes: state.bytes + bytes.length, records: state.records + 1 };
    }
  };
  if (state.bytes === 0) {
    const project = wandbName(options.project ?? run.experiment);
    const config = state.part > 1 ? {} : { smallboat: { run: run.id, ...run.lineage } };
    const { entity } = options;
    const isResumed = state.part > 1;
    const startingStep = state.step + 1;
    put(
      headerRecord(),
      runRecord({ run, project, ...(entity === undefined ? {} : { entity }), config, isResumed, startingStep }),
    );
  }
  for (const row of rowsOf(lines)) {
    signal.throwIfAborted();
    if (row.kind === 'row') {
      const step = Math.max(row.step, state.step + 1);
      const at = { _step: step, _timestamp: row.at / 1000, _runtime: (row.at - run.at) / 1000 };
      const values = { step: row.step, ...row.values };
      put(historyRecord({ ...values, ...at }, step));
      state = { ...state, step, summary: { ...state.summary, ...values, ...at } };
      continue;
    }
    const { line } = row;
    if (line.t === 'params') put(configRecord([], line.values));
    else if (line.t === 'tags') put(configRecord(['tags'], line.values));
    else if (line.t === 'data')
      put(configRecord(['data'], { [`${line.data.name} ${line.data.context ?? ''}`.trim()]: line.data }));
    else if (line.t === 'model') put(configRecord(['models'], { [line.model.name]: line.model }));
    else if (line.t === 'artifact') put(fileRecord(await keepFile(folder, line.name, shipment)));
    else if (line.t === 'end') {
      put(summaryRecord(state.summary), exitRecord(EXIT_CODE[line.status], Math.round((line.at - run.at) / 1000)));
      state = { ...state, isEnded: true };
    }
  }
  await writeAt(join(folder, `run-${run.id}.wandb`), before.isEnded ? 0 : before.bytes, Buffer.concat(chunks));
  return state;
}

const EXIT_CODE: Readonly<Record<EndStatus, number>> = { finished: 0, failed: 1, stopped: 255 };

type Row =
  | {
      readonly kind: 'row';
      readonly step: number;
      readonly at: number;
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'line'; readonly line: RunLine };

/** Metrics of the same step that follow each other are one row, unless one would take another's place. */
function rowsOf(lines: readonly RunLine[]): readonly Row[] {
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

async function keepFile(folder: string, name: string, { locate }: Shipment): Promise<string> {
  const path = TAKEN.has(name) ? `artifacts/${name}` : name;
  const to = join(folder, 'files', path);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(locate(name), to, constants.COPYFILE_FICLONE);
  return path;
}

/** Writes from a place on, and nothing stays behind what is written. */
async function writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, offset === 0 ? 'w' : 'r+');
  await file.truncate(offset);
  await file.write(bytes, 0, bytes.length, offset);
  await file.sync();
}

/** A project's name as W&B takes it. */
function wandbName(name: string): string {
  return name.replaceAll(/[/\\#?%:]/g, '-').slice(0, 128);
}

/** `20261126_174500`, in UTC. */
function stamp(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
