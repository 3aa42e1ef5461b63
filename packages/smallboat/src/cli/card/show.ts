import { listCards, readRun, serveCards } from '../../flow/index.ts';
import type { Io } from '../../kernel/index.ts';
import { formatBytes, textTable } from '../../report/index.ts';
import { untilStopped } from '../until-stopped.ts';
import type { Runs } from '../open-runs.ts';
import { openInBrowser } from './browser.ts';

/** Prints the cards of a run. */
export async function printList(runs: Runs, target: string | undefined, io: Io, json: boolean): Promise<void> {
  const { store } = runs;
  const { view, tasks, step } = await runs.find(target);
  const paths = new Set(tasks.map(({ path }) => path.task));
  const all = (await listCards(store, view)).filter(({ path }) => step === undefined || paths.has(path.task));
  if (json) return io.out(JSON.stringify(all));
  if (all.length === 0) return io.out(`No task of ${view.info.flow}/${view.info.run} has a card yet.`);
  const rows = all.map(({ path, name, type, id, bytes, savedAt, hash }) => [
    `${path.flow}/${path.run}/${path.step}/${path.task}`,
    name,
    id === undefined ? type : `${type} ${id}`,
    bytes === undefined ? null : formatBytes(bytes),
    savedAt === undefined ? null : new Date(savedAt).toISOString().slice(0, 19).replace('T', ' '),
    hash?.slice(0, 5) ?? null,
  ]);
  for (const line of textTable(['path', 'of', 'card', 'size', 'saved', 'hash'], rows)) io.out(line);
}

export interface ServeOptions {
  readonly port: number;
  readonly isOpening: boolean;
  readonly json: boolean;
}

/** Shows cards at an address of this machine, until Ctrl-C: all of them, or one run's. */
export async function serve(
  runs: Runs,
  target: string | undefined,
  { port, isOpening, json }: ServeOptions,
  io: Io,
): Promise<void> {
  const { store } = runs;
  const info = target === undefined ? undefined : (await runs.find(target)).view.info;
  await using server = await serveCards({ store, port, onError: (error) => io.err(String(error)) });
  const stopped = untilStopped();
  const url = info ? `${server.url}/${info.flow}/${info.run}` : `${server.url}/`;
  if (json) io.out(JSON.stringify({ url, ...(info ? { flow: info.flow, run: info.run } : {}) }));
  else io.out(url);
  const state = info ? (await readRun(store, info)).state : undefined;
  io.err(
    `Cards ${state === 'running' ? 'of the run, as it goes on, ' : ''}are shown at this address of this machine. Ctrl-C ends it.`,
  );
  if (isOpening) openInBrowser(url, io);
  await stopped;
}
