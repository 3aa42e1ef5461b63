import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, namesIn, writeWhole } from '../../kernel/index.ts';
import type { ValidationResult } from '../run/result.ts';
import { dataPage } from './data-page.ts';
import type { PastRun } from './history.ts';
import { historiesIn, readHistoryFile } from './history.ts';
import { indexPage } from './index-page.ts';
import { fileName } from '../file-name.ts';
import { placeOf } from './place.ts';
import { suitePage } from './suite-page.ts';
import { validationPage } from './validation-page.ts';

/** A validation whose pages are to be written. */
export interface Documented {
  readonly runName: string;
  readonly name: string;
  readonly result: ValidationResult;
}

/** Writes the pages of some validations, those that list them, and the index. @returns the path of the index. */
export async function updateDataDocs(folder: string, validations: readonly Documented[]): Promise<string> {
  for (const { runName, name, result } of validations)
    await write(placeOf(folder, runName, name).pagePath, validationPage(result));
  const histories = await allHistories(folder);
  for (const { name, result } of validations) await writeListing(folder, { name, result, histories });
  const indexPath = join(folder, 'index.html');
  await write(indexPath, indexPage(histories));
  return indexPath;
}

/** Writes all pages anew from the results and histories in the folder. @returns the path of the index. */
export async function renderDataDocs(folder: string): Promise<string> {
  const histories = await allHistories(folder);
  const root = join(folder, 'results');
  for (const run of await namesIn(root)) {
    for (const file of await namesIn(join(root, run))) {
      const result = await storedResult(join(root, run, file));
      if (result !== undefined)
        await write(join(folder, 'validations', run, file.replace(/json$/, 'html')), validationPage(result));
    }
  }
  for (const history of histories) {
    const latest = history.at(-1);
    if (latest === undefined) continue;
    const result = await storedResult(placeOf(folder, latest.run, latest.data).resultPath);
    if (result !== undefined) await writeListing(folder, { name: latest.data, result, histories });
  }
  const indexPath = join(folder, 'index.html');
  await write(indexPath, indexPage(histories));
  return indexPath;
}

interface Listing {
  readonly name: string;
  readonly result: ValidationResult;
  readonly histories: readonly (readonly PastRun[])[];
}

/** The pages that tell of more than one validation: of the data over time, and of the suite. */
async function writeListing(folder: string, { name, result, histories }: Listing): Promise<void> {
  const history = histories.find((runs) => runs.at(-1)?.data === name) ?? [];
  await write(join(folder, 'data', `${fileName(name)}.html`), dataPage(name, history, result));
  const asked = histories.flatMap((runs) =>
    runs.at(-1)?.suite === result.suite_name ? (runs.at(-1)?.data ?? []) : [],
  );
  await write(join(folder, 'suites', `${fileName(result.suite_name)}.html`), suitePage(result, asked));
}

async function allHistories(folder: string): Promise<readonly (readonly PastRun[])[]> {
  return Promise.all((await historiesIn(folder)).map((file) => readHistoryFile(folder, file)));
}

/** A result as `runCheckpoint` stored it, whole or not at all; undefined where somebody took it away. */
async function storedResult(path: string): Promise<ValidationResult | undefined> {
  if (!path.endsWith('.json')) return undefined;
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ValidationResult;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Pages can be made again from the results: a power cut may cost them. */
function write(path: string, page: string): Promise<void> {
  return writeWhole(path, page, { sync: false });
}
