import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkOptions } from '../kernel/index.ts';
import { SmallboatError, defineErrors, writeWhole } from '../kernel/index.ts';
import type { BestAuc } from './best-auc.ts';
import { bestAucs } from './best-auc.ts';
import type { Catalogue } from './catalogue.ts';
import { catalogueOf } from './catalogue.ts';
import type { PartCounts } from './log-part.ts';
import { PART_ROWS, makePart } from './log-part.ts';
import type { Sink } from './sink.ts';
import { fileSink } from './sink.ts';
import { toParquet } from './to-parquet.ts';
import { CONTENT_HEADER, contentTexts } from './write-content.ts';
import { BROWSING_HEADER, MAX_ROW_BYTES, writeBrowsing } from './write-rows.ts';
import { BROWSING_PER_SEARCH, SEARCH_HEADER, queriesOf, searchText } from './write-search.ts';

export type DatasetFormat = 'csv' | 'csv.gz' | 'parquet';

export interface GenerateOptions extends WorkOptions {
  /** Where the files go; made if it is not there. */
  readonly folder: string;
  /** Rows of the browsing file, from 1 to 100 million. */
  readonly rows: number;
  /** A whole number. The same seed, rows and products give the same bytes (of CSV). */
  readonly seed: number;
  /** Default `csv`. */
  readonly format?: DatasetFormat;
  /** Default: 66,000 at 36 M rows, and fewer with the root of the rows, as fewer are seen in a smaller log. */
  readonly products?: number;
}

/** What was made; also written to `generated.json` beside the files, without `seconds`. */
export interface GeneratedReport {
  readonly folder: string;
  readonly format: DatasetFormat;
  readonly seed: number;
  /** Rows of browsing_train, of which `duplicateRows` are exact copies of others. */
  readonly rows: number;
  readonly duplicateRows: number;
  readonly searchRows: number;
  readonly products: number;
  readonly sessions: number;
  /** Sessions with an add. */
  readonly cartSessions: number;
  /** Share of them that buy. */
  readonly buyShare: number;
  /** The best ROC-AUC that any model of the actions can have, a decision point each; the same for all seeds. */
  readonly bestAuc: readonly BestAuc[];
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly seconds: number;
}

export const generateErrors = defineErrors({
  GENERATE_OPTION_WRONG: (f: { option: string; value: number; wanted: string }) =>
    `${f.option} is ${f.value}; it should be ${f.wanted}.`,
  GENERATE_FOLDER_TAKEN: (f: { folder: string; found: string }) =>
    `${f.folder} has ${f.found}, which would stand beside the new files and mean the same. Remove it or take another folder.`,
  GENERATE_NOT_WRITTEN: (f: { folder: string; problem: string }) =>
    `The files could not be written to ${f.folder}: ${f.problem}. What was begun was removed. Is there room on the disk, and may you write there?`,
});

/** The same for all seeds, and worked out once: it takes half a second. */
let best: readonly BestAuc[] | undefined;

const STEMS = ['browsing_train', 'search_train', 'sku_to_content'] as const;
const FORMATS: readonly DatasetFormat[] = ['csv', 'csv.gz', 'parquet'];

/**
 * Makes the three files of the SIGIR eCom 2021 data challenge, of any size, in a stream: memory does not grow with the rows. The shape is that of
 * the published data: 7.2 events a session with a heavy tail, products of very unequal popularity, sessions mingled in time with a
 * rhythm of day and week, 0.5 % exact duplicates, 2 % of the rows late, 5.6 % of the sessions with an add. Who buys is decided by a hidden
 * Markov model (`shopper.ts`), so that the best possible prediction is known.
 *
 * Each file appears when it is complete. @throws GENERATE_…
 */
export async function generateDataset(options: GenerateOptions): Promise<GeneratedReport> {
  const start = performance.now();
  const { folder, rows, seed, format = 'csv', onProgress } = options;
  const products = options.products ?? Math.max(50, Math.round(66_000 * Math.sqrt(Math.min(1, rows / 36_000_000))));
  mustBeWhole('rows', rows, [1, 100_000_000]);
  mustBeWhole('seed', seed, [0, Number.MAX_SAFE_INTEGER]);
  mustBeWhole('products', products, [1, 10_000_000]);
  const sinks: Sink[] = [];
  try {
    await prepare(folder, format);
    const suffix = format === 'csv.gz' ? 'csv.gz' : 'csv';
    for (const stem of STEMS) {
      const name = format === 'parquet' ? `.${stem}.${suffix}` : `${stem}.${suffix}`;
      sinks.push(await fileSink(join(folder, name), format === 'csv.gz'));
    }
    const catalogue = catalogueOf(seed, products);
    const counts = await writeLog(sinks, catalogue, {
      ...options,
      onProgress: (f) => onProgress?.(f * 0.95, 'writing rows'),
    });
    await writeContent(sinks, seed, catalogue);
    const sizes: number[] = [];
    for (const sink of sinks) sizes.push(await sink.finish());
    const files =
      format === 'parquet'
        ? await toParquet(folder, STEMS, options.signal)
        : STEMS.map((stem, i) => ({ name: `${stem}.${suffix}`, bytes: sizes[i] ?? 0 }));
    const made = {
      format,
      seed,
      rows,
      duplicateRows: counts.duplicates,
      searchRows: searchRowsUpTo(rows),
      products,
      sessions: counts.sessions,
      cartSessions: counts.cartSessions,
      buyShare: counts.buyers / Math.max(1, counts.cartSessions),
      bestAuc: (best ??= bestAucs()),
      files,
    };
    await writeWhole(join(folder, 'generated.json'), `${JSON.stringify(made, null, 2)}\n`);
    onProgress?.(1, 'done');
    return { folder, ...made, seconds: (performance.now() - start) / 1000 };
  } catch (cause) {
    for (const sink of sinks) await sink.discard().catch(() => undefined); // the first failure is the one to tell
    options.signal?.throwIfAborted();
    if (cause instanceof SmallboatError || !(cause instanceof Error)) throw cause;
    throw 'code' in cause ? generateErrors.GENERATE_NOT_WRITTEN({ folder, problem: cause.message }, { cause }) : cause;
  }
}

function mustBeWhole(option: string, value: number, [from, to]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= from && value <= to) return;
  throw generateErrors.GENERATE_OPTION_WRONG({ option, value, wanted: `a whole number from ${from} to ${to}` });
}

async function prepare(folder: string, format: DatasetFormat): Promise<void> {
  await mkdir(folder, { recursive: true });
  const there = await readdir(folder);
  const others = STEMS.flatMap((stem) => FORMATS.filter((f) => f !== format).map((f) => `${stem}.${f}`));
  const found = others.find((name) => there.includes(name));
  if (found !== undefined) throw generateErrors.GENERATE_FOLDER_TAKEN({ folder, found });
  await rm(join(folder, 'generated.json'), { force: true });
}

/** Rows of the search file that belong to the first rows of the browsing file. */
function searchRowsUpTo(rows: number): number {
  return Math.floor(rows / BROWSING_PER_SEARCH);
}

async function writeLog(
  [browsing, search]: readonly Sink[],
  catalogue: Catalogue,
  { rows, seed, signal, onProgress }: GenerateOptions,
): Promise<PartCounts> {
  const queries = queriesOf(seed);
  const sums: PartCounts = { sessions: 0, cartSessions: 0, buyers: 0, duplicates: 0 };
  // While one buffer is being written the next part is made into the other.
  const size = Math.min(PART_ROWS, rows) * MAX_ROW_BYTES;
  const buffers = [new Uint8Array(size), new Uint8Array(size)];
  await browsing?.write(Buffer.from(BROWSING_HEADER));
  await search?.write(Buffer.from(SEARCH_HEADER));
  let writing: Promise<unknown> = Promise.resolve();
  for (let part = 0, from = 0; from < rows; part++, from += PART_ROWS) {
    signal?.throwIfAborted();
    const place = { seed, part, from, rows: Math.min(PART_ROWS, rows - from), of: rows };
    const log = makePart(place, catalogue);
    const buffer = buffers[part % 2] ?? new Uint8Array(size);
    const bytes = buffer.subarray(0, writeBrowsing(log, catalogue, buffer));
    const searches = searchRowsUpTo(from + place.rows) - searchRowsUpTo(from);
    const text = Buffer.from(searchText({ seed, part, rows: searches }, log, catalogue, queries));
    await writing;
    writing = Promise.all([browsing?.write(bytes), search?.write(text)]);
    writing.catch(() => undefined); // awaited in the next round, or below
    for (const name of ['sessions', 'cartSessions', 'buyers', 'duplicates'] as const) sums[name] += log.counts[name];
    onProgress?.(Math.min(1, (from + PART_ROWS) / rows));
  }
  await writing;
  return sums;
}

async function writeContent(sinks: readonly Sink[], seed: number, catalogue: Catalogue): Promise<void> {
  const content = sinks[2];
  await content?.write(Buffer.from(CONTENT_HEADER));
  for (const text of contentTexts(seed, catalogue)) await content?.write(Buffer.from(text));
}
