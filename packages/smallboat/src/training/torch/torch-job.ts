import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { Examples } from '../../features/index.ts';
import { ACTION_COLUMNS, valuesOf } from '../../features/index.ts';
import { defineErrors } from '../../kernel/index.ts';
import type { BatchPlan } from '../batch-plan.ts';
import type { EpochFigures } from '../epoch-figures.ts';
import type { LstmHyper } from '../hyper.ts';
import { checkHyper } from '../hyper.ts';
import { parseWeights, tensorsOf } from '../model/weight-tensors.ts';
import { inputLayout } from '../network-weights.ts';
import type { LstmWeights, NetworkForm } from '../network-weights.ts';
import { checkParts, classWeightsOf, initialOf } from '../training-parts.ts';
import type { LstmTrial } from '../train-lstm.ts';

export const torchErrors = defineErrors({
  TORCH_TRAINING_FAILED: (f: { command: string; problem: string }) =>
    `'${f.command}' did not train: ${f.problem}. It needs a Python with torch and numpy; name one with the option python.`,
  TORCH_TRIAL_UNREADABLE: (f: { path: string; problem: string }) =>
    `${f.path} is not what the PyTorch trainer leaves: ${f.problem}. Let it run to its end, or train again.`,
});

/** What a training in PyTorch is given. */
export interface TorchJob {
  readonly train: Examples;
  readonly validation: Examples;
  readonly hyper: LstmHyper;
  /** Weights to begin with. Default those of the seed, as in `trainLstm`. */
  readonly initial?: LstmWeights;
  /** Batches of each epoch, to train on the very same; `parts` as of the plan. Default: drawn by the trainer. */
  readonly plans?: readonly { readonly plan: BatchPlan; readonly parts: number }[];
}

/** The trainer itself, to be copied into a container: it needs torch and numpy only. */
export const TORCH_TRAINER = fileURLToPath(new URL('./train.py', import.meta.url));

/** Writes examples, initial weights and settings to a folder, for `train.py`. @throws as `trainLstm` does for what cannot be trained. */
export async function writeTorchJob(
  folder: string,
  { train, validation, hyper, initial, plans }: TorchJob,
): Promise<void> {
  checkHyper(hyper);
  checkParts(train, validation);
  await mkdir(folder, { recursive: true });
  const columns = train.context?.columns ?? [];
  const { cell, units } = hyper;
  const form: NetworkForm = { units, columns, ...(cell === undefined ? {} : { cell }) };
  const { categories, numbers, numberRow, inputs } = inputLayout(columns);
  const write = (name: string, array: Uint8Array | Uint32Array): Promise<void> => writeFile(join(folder, name), array);
  for (const [name, part] of [
    ['train', train],
    ['validation', validation],
  ] as const) {
    await write(`${name}.tokens`, part.tokens);
    await write(`${name}.offsets`, part.offsets);
    await write(`${name}.labels`, part.labels);
    if (part.session !== undefined) await write(`${name}.session`, part.session);
    if (part.context === undefined) continue;
    await write(`${name}.rows`, part.context.rows);
    await write(`${name}.first`, part.context.first);
  }
  if (plans !== undefined) {
    await write('plan.u32', Uint32Array.from(plans.flatMap(({ plan }) => Array.from(plan.examples))));
  }
  await write('initial.safetensors', tensorsOf(initialOf(form, hyper, initial)));
  const job = {
    hyper,
    classWeights: classWeightsOf(hyper, train.labels),
    layout: {
      columns: columns.length,
      inputs,
      numberRow,
      categories: categories.map(({ column, row }) => [column, row]),
      numbers,
      tables: numbers.map((column) => {
        const found = columns[column];
        return found?.kind === 'number' ? Array.from(valuesOf(found)) : [];
      }),
      contextColumns: columns.flatMap(({ name }, i) => (ACTION_COLUMNS.has(name) ? [] : [i])),
    },
    ...(plans === undefined
      ? {}
      : {
          keepLosses: true,
          planBatches: plans.map(({ plan: { partStart, batches }, parts }) =>
            Array.from({ length: batches }, (_, b) => (partStart[(b + 1) * parts] ?? 0) - (partStart[b * parts] ?? 0)),
          ),
        }),
  };
  await writeFile(join(folder, 'job.json'), JSON.stringify(job));
}

const Figures = z.object({
  epoch: z.int(),
  trainLoss: z.number(),
  validationLoss: z.number(),
  validationAuc: z.number().nullable(),
  seconds: z.number(),
});

const Trial = z.object({
  hyper: z.looseObject({ units: z.int() }),
  history: z.array(Figures).min(1),
  bestEpoch: z.int().min(1),
  examples: z.int(),
  device: z.string(),
  torch: z.string(),
  losses: z.array(z.number()).optional(),
});

/** What the trainer left: the same trial as one of `trainLstm`, and where it was made. @throws TORCH_TRIAL_UNREADABLE */
export async function readTorchTrial(
  folder: string,
  { hyper, train }: Pick<TorchJob, 'hyper' | 'train'>,
): Promise<LstmTrial & { readonly device: string; readonly losses?: readonly number[] }> {
  const path = join(folder, 'trial.json');
  try {
    const { history, bestEpoch, examples, device, losses } = Trial.parse(JSON.parse(await readFile(path, 'utf8')));
    const columns = train.context?.columns;
    const { cell, units } = hyper;
    const form: NetworkForm = {
      units,
      ...(cell === undefined ? {} : { cell }),
      ...(columns === undefined ? {} : { columns }),
    };
    const weights = parseWeights(new Uint8Array(await readFile(join(folder, 'weights.safetensors'))), form);
    return { hyper, weights, history, bestEpoch, examples, device, ...(losses === undefined ? {} : { losses }) };
  } catch (cause) {
    const problem = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw torchErrors.TORCH_TRIAL_UNREADABLE({ path, problem }, { cause });
  }
}

export interface TrainWithTorchOptions extends TorchJob {
  /** Where the job and its result lie; the caller removes it. */
  readonly folder: string;
  /** A Python with torch and numpy. Default `python3`. */
  readonly python?: string;
  /** `cuda`, `cpu`. Default: a GPU if there is one. */
  readonly device?: string;
  readonly onEpoch?: (figures: EpochFigures) => void;
  readonly signal?: AbortSignal;
}

/**
 * Trains in PyTorch, on a GPU if there is one: the same architecture, optimiser and early stopping as `trainLstm`, and the same trial. For a
 * step with an `image` that has Python and torch, and a GPU among its `resources`.
 *
 * Rejects with `TORCH_TRAINING_FAILED`, `TORCH_TRIAL_UNREADABLE`, what `trainLstm` rejects with, and the signal's reason.
 */
export async function trainWithTorch(
  options: TrainWithTorchOptions,
): Promise<LstmTrial & { readonly device: string; readonly losses?: readonly number[] }> {
  const { folder, python = 'python3', device, onEpoch, signal } = options;
  await writeTorchJob(folder, options);
  const args = [TORCH_TRAINER, folder, ...(device === undefined ? [] : ['--device', device])];
  const command = [python, ...args].join(' ');
  const child = spawn(python, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal === undefined ? {} : { signal }) });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  ended.catch(() => undefined); // awaited below
  for await (const line of createInterface({ input: child.stdout })) {
    const read = Figures.safeParse(JSON.parse(line));
    if (read.success) onEpoch?.(read.data);
  }
  try {
    const code = await ended;
    if (code !== 0) {
      throw torchErrors.TORCH_TRAINING_FAILED({ command, problem: errors.trim().split('\n').at(-1) ?? `code ${code}` });
    }
  } catch (cause) {
    signal?.throwIfAborted();
    if (torchErrors.TORCH_TRAINING_FAILED.is(cause)) throw cause;
    throw torchErrors.TORCH_TRAINING_FAILED({ command, problem: String(cause) }, { cause });
  }
  return readTorchTrial(folder, options);
}
