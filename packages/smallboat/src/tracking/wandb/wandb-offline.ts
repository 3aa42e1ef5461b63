import { constants } from 'node:fs';
import { copyFile, mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import type { Destination, Shipment } from '../destination.ts';
import type { RunLine } from '../run-log.ts';
import { EXIT_CODE, Values, asJson, configOf, fileName, rowsOf, valuesAt, wandbName } from './rows.ts';
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
  summary: Values,
});
type State = z.infer<typeof State>;

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
      return { ...state, summary: asJson(state.summary) };
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
      const values = valuesAt(row, step, run.at);
      put(historyRecord(values, step));
      state = { ...state, step, summary: { ...state.summary, ...values } };
      continue;
    }
    const { line } = row;
    const config = configOf(line);
    if (config !== undefined) put(configRecord(config.path, config.values));
    else if (line.t === 'artifact') put(fileRecord(await keepFile(folder, line.name, shipment)));
    else if (line.t === 'end') {
      put(summaryRecord(state.summary), exitRecord(EXIT_CODE[line.status], Math.round((line.at - run.at) / 1000)));
      state = { ...state, isEnded: true };
    }
  }
  await writeAt(join(folder, `run-${run.id}.wandb`), before.isEnded ? 0 : before.bytes, Buffer.concat(chunks));
  return state;
}

async function keepFile(folder: string, name: string, { locate }: Shipment): Promise<string> {
  const path = fileName(name);
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

/** `20261126_174500`, in UTC. */
function stamp(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
}
