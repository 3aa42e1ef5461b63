import type { RunStart } from '../run-log.ts';
import { messageField, numberField, textField, timeField } from './protobuf.ts';

/** W&B's records as the fields of `wandb_internal.Record`; `recordOf` numbers them. Field numbers: wandb/proto/wandb_internal.proto. */

/** The version of W&B's client whose files these are. */
const CLIENT = '0.31.0';

export function recordOf(number: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([numberField(1, number), body]);
}

export function headerRecord(): Uint8Array {
  return messageField(21, messageField(1, textField(1, CLIENT), textField(2, '0.70.0')));
}

export interface WandbRun {
  readonly run: RunStart;
  readonly project: string;
  readonly entity?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly isResumed: boolean;
  readonly startingStep: number;
}

export function runRecord({ run, project, entity, config, isResumed, startingStep }: WandbRun): Uint8Array {
  return messageField(
    17,
    textField(1, run.id),
    ...(entity === undefined ? [] : [textField(2, entity)]),
    textField(3, project),
    messageField(4, ...Object.entries(config).map(([key, value]) => messageField(1, ...item([key], value)))),
    // Runs of one search stand together.
    ...(run.parent === undefined ? [] : [textField(6, run.parent)]),
    textField(8, run.name),
    textField(13, run.host),
    ...(isResumed ? [numberField(14, startingStep), numberField(18, 1)] : []),
    timeField(17, run.at),
  );
}

/** One row of the history. */
export function historyRecord(row: Readonly<Record<string, unknown>>, step: number): Uint8Array {
  const items = Object.entries(row).map(([key, value]) => messageField(1, ...item([key], value)));
  return messageField(2, ...items, messageField(2, numberField(1, step)));
}

/** Adds to the configuration, at a path. */
export function configRecord(path: readonly string[], values: Readonly<Record<string, unknown>>): Uint8Array {
  const items = Object.entries(values).map(([key, value]) => messageField(1, ...item([...path, key], value)));
  return messageField(5, ...items);
}

export function summaryRecord(values: Readonly<Record<string, unknown>>): Uint8Array {
  return messageField(3, ...Object.entries(values).map(([key, value]) => messageField(1, ...item([key], value))));
}

/** A file under `files/`, which `wandb sync` uploads. */
export function fileRecord(path: string): Uint8Array {
  const atEnd = 1;
  return messageField(6, messageField(1, textField(1, path), numberField(2, atEnd)));
}

export function exitRecord(exitCode: number, seconds: number): Uint8Array {
  return messageField(18, numberField(1, exitCode), numberField(2, seconds));
}

function item(path: readonly string[], value: unknown): readonly Uint8Array[] {
  const key = path.length === 1 ? path.map((part) => textField(1, part)) : path.map((part) => textField(2, part));
  return [...key, textField(16, pythonJson(value))];
}

/** JSON as Python writes and reads it: with NaN and infinities. */
export function pythonJson(value: unknown): string {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value);
}
