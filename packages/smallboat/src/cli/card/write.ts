import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type RunStore,
  type RunTemplate,
  importModule,
  loadFlow,
  readCard,
  runCardPage,
  writeFlowCard,
} from '../../flow/index.ts';
import { type Io, defineErrors, writeWhole } from '../../kernel/index.ts';
import { flowFile } from '../flow-file.ts';
import { shapesOf } from '../flow-flags.ts';
import { setConfigs } from '../flow-settings.ts';
import type { Runs } from '../open-runs.ts';
import type { Found } from '../pathspec.ts';

export const cardErrors = defineErrors({
  CARD_NOT_FOUND: (f: { pathspec: string; wanted: string }) =>
    `There is no card${f.wanted} at ${f.pathspec}. 'smallboat card list ${f.pathspec.split('/').slice(0, 2).join('/')}' lists those of the run.`,
  CARD_TEMPLATE_MISSING: (f: { path: string; found: string }) =>
    `${f.path} exports no function named 'card' (it exports: ${f.found || 'nothing'}). Write \`export const card: RunTemplate = (run) => …\` in it.`,
});

/** A card that was written. */
export interface Written {
  readonly path: string;
  readonly flow: string;
  readonly run?: string;
}

/** Which page is wanted. */
export interface PageOptions {
  /** A file that exports `card`. */
  readonly template: string | undefined;
  /** The default card, also where the flow has one of its own. */
  readonly isDefault: boolean;
  /** Of a task with several cards. */
  readonly type: string | undefined;
  readonly id: string | undefined;
}

export interface WriteOptions extends PageOptions {
  readonly out: string | undefined;
}

/** Writes the card of what a path names: a run, or one of its tasks. */
export async function writeRun(
  runs: Runs,
  target: string | undefined,
  options: WriteOptions,
  io: Io,
): Promise<Written> {
  // What draws is loaded while the disk is asked.
  const [found] = await Promise.all([runs.find(target), import('../../report/index.ts')]);
  const { flow, run } = found.view.info;
  const [task] = found.step === undefined ? [] : found.tasks;
  const place = [flow, run, ...(task ? [task.path.step, task.path.task] : [])].join('-');
  const path = options.out === undefined ? join(runs.home, 'cards', `${place}.html`) : resolve(io.cwd, options.out);
  await writeWhole(path, await pageAt(runs.store, found, options, io), { sync: false });
  return { path, flow, run };
}

/** The page of what a path names. Rejects with `CARD_NOT_FOUND`, `CARD_TEMPLATE_MISSING`. */
export async function pageOf(runs: Runs, target: string | undefined, options: PageOptions, io: Io): Promise<string> {
  return pageAt(runs.store, await runs.find(target), options, io);
}

async function pageAt(store: RunStore, found: Found, options: PageOptions, io: Io): Promise<string> {
  if (found.step !== undefined) return taskPage(store, found, options);
  const { view } = found;
  const { flow, run } = view.info;
  const { template, isDefault } = options;
  const own = template === undefined ? {} : { template: await readTemplate(resolve(io.cwd, template)) };
  return runCardPage({ store, flow, run, view, isDefault, ...own });
}

async function taskPage(store: RunStore, found: Found, { type, id }: PageOptions): Promise<string> {
  const which = { ...(type === undefined ? {} : { type }), ...(id === undefined ? {} : { id }) };
  const [task] = found.tasks;
  const html = task && (await readCard(store, task, which));
  if (html !== undefined) return html;
  const { flow, run } = found.view.info;
  const place = task ? `${task.path.step}/${task.path.task}` : (found.step ?? '');
  throw cardErrors.CARD_NOT_FOUND({ pathspec: `${flow}/${run}/${place}`, wanted: id === undefined ? '' : ` '${id}'` });
}

/** Writes the card of the flow in a file, without a run. */
export async function writeFlow(
  { store, home }: Runs,
  target: string,
  { out }: Pick<WriteOptions, 'out'>,
  io: Io,
): Promise<Written> {
  const { module, wanted } = flowFile(target, 'card', io);
  await setConfigs([], io);
  const flow = await loadFlow(module, wanted);
  const path = out === undefined ? join(home, 'cards', `${flow.name}.html`) : resolve(io.cwd, out);
  const params = await shapesOf(flow);
  await writeFlowCard({ flow, module, params, store, file: target, path });
  return { path, flow: flow.name };
}

/** The function `card` of a module. Rejects with `CARD_TEMPLATE_MISSING`, and as importing it does. */
async function readTemplate(path: string): Promise<RunTemplate> {
  const exported = await importModule(pathToFileURL(path).href);
  const found: unknown = exported['card'];
  if (typeof found !== 'function') {
    throw cardErrors.CARD_TEMPLATE_MISSING({ path, found: Object.keys(exported).join(', ') });
  }
  return found as RunTemplate; // What it is called, and what it gives is checked where it is drawn.
}
