import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SmallboatError, defineErrors } from '../../kernel/index.ts';
import { type Flow, isFlow } from '../compose/flow.ts';
import { toTaskError } from './job.ts';

export const loadErrors = defineErrors({
  FLOW_FILE_MISSING: (f: { path: string }) =>
    `There is no file ${f.path}. Give the path of a file that exports a flow.`,
  FLOW_FILE_BROKEN: (f: { path: string; problem: string }) =>
    `${f.path} could not be loaded:\n${f.problem}\nMend it and try again.`,
  FLOW_NOT_FOUND: (f: { path: string; wanted?: string; found: string }) =>
    f.wanted === undefined
      ? `${f.path} exports no flow. Write \`export const myFlow = flow('myFlow', …)\` in it.`
      : `${f.path} exports no flow named '${f.wanted}'. It exports: ${f.found || 'no flow'}.`,
  FLOW_AMBIGUOUS: (f: { path: string; found: string }) =>
    `${f.path} exports several flows: ${f.found}. Name one: ${f.path}#${f.found.split(', ')[0] ?? ''}.`,
});

/** What a module exports, by name. */
export type Exported = Readonly<Record<string, unknown>>;

/**
 * Imports a module and finds the flow that it exports, by name where it exports several.
 * Rejects as `importModule` and `findFlow` do.
 */
export async function loadFlow(module: string, wanted?: string): Promise<Flow> {
  return findFlow(await importModule(module), { module, ...(wanted === undefined ? {} : { wanted }) });
}

/** Rejects with `FLOW_FILE_MISSING`, `FLOW_FILE_BROKEN`, and with the errors of wiring as they are. */
export async function importModule(module: string): Promise<Exported> {
  const path = pathOf(module);
  if (module.startsWith('file:') && !existsSync(path)) throw loadErrors.FLOW_FILE_MISSING({ path });
  try {
    return (await import(module)) as Exported; // A namespace object.
  } catch (cause) {
    if (cause instanceof SmallboatError) throw cause;
    const { message, stack } = toTaskError(cause);
    throw loadErrors.FLOW_FILE_BROKEN({ path, problem: stack ?? message }, { cause });
  }
}

/** Throws `FLOW_NOT_FOUND`, `FLOW_AMBIGUOUS`. */
export function findFlow(exported: Exported, { module, wanted }: { module: string; wanted?: string }): Flow {
  const path = pathOf(module);
  const flows = [...new Set(Object.values(exported).filter(isFlow))];
  const found = flows.map((f) => f.name).join(', ');
  if (wanted !== undefined) {
    const match = flows.find((f) => f.name === wanted);
    if (!match) throw loadErrors.FLOW_NOT_FOUND({ path, wanted, found });
    return match;
  }
  const [first, ...others] = flows;
  if (!first) throw loadErrors.FLOW_NOT_FOUND({ path, found });
  if (others.length > 0) throw loadErrors.FLOW_AMBIGUOUS({ path, found });
  return first;
}

function pathOf(module: string): string {
  return module.startsWith('file:') ? fileURLToPath(module) : module;
}
