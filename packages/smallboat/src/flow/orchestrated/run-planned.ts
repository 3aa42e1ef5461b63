import { messageOf } from '../../kernel/index.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskHost } from '../compute/task/task-host.ts';
import { EXIT } from '../compute/task/exit-codes.ts';
import { ORDER_VARIABLE } from '../compute/task/order.ts';
import { toldToEnd } from '../compute/task/told-to-end.ts';
import { Halted } from '../engine/halted.ts';
import { loadFlow } from '../engine/load-flow.ts';
import { processPool } from '../engine/process-pool.ts';
import { openRunStore, openStoreParts } from '../store/open-run-store.ts';
import type { RunStore } from '../store/run-store.ts';
import { applyWith } from '../with-options.ts';
import {
  type Decision,
  NOT_TAKEN,
  type PlannedOrder,
  VARIABLES,
  decisionPath,
  indexIn,
  indexText,
  plain,
} from './planned.ts';
import { NotTaken, type WorkHost, doWork } from './work.ts';

/** Whether the process is for a piece of work of an orchestrated run. */
export function isPlanned(env: TaskHost['env']): boolean {
  return 'planned' in (JSON.parse(env[ORDER_VARIABLE] ?? '{}') as object); // An object, whoever wrote it.
}

/**
 * Does the one piece of work that the process is for. What was decided goes to the datastore, to a file a region in the folder that
 * `SMALLBOAT_REPORT` names, and to the last line of standard output, as JSON by region: engines read it where they can. Never rejects.
 *
 * @returns The exit code: one of `EXIT`, or `NOT_TAKEN`.
 */
export async function runPlanned({ env, module, print, onTerminate }: TaskHost): Promise<number> {
  const say = (text: string): void => print(`[smallboat] ${text}\n`, 'stderr');
  const order = JSON.parse(env[ORDER_VARIABLE] ?? '') as PlannedOrder; // Written by whoever made the engine's definition.
  const execution = env[VARIABLES.execution] ?? '';
  const index = indexIn(env[VARIABLES.index] ?? '');
  // Before the module is imported, which reads it.
  Object.assign(process.env, order.variables);
  let store: RunStore;
  try {
    if (execution === '')
      throw new Error(`${VARIABLES.execution} is not set: the engine says there which execution it is`);
    store = await openRunStore(order.store);
  } catch (error) {
    say(`the store cannot be reached: ${messageOf(error)}`);
    return EXIT.storeUnreachable;
  }
  await using _ = store;
  const end = toldToEnd({ env, onTerminate }, 'process', say);
  try {
    const flow = applyWith(await loadFlow(module, order.flow), order.with);
    const host: WorkHost = {
      order,
      flow,
      module,
      store,
      execution,
      index,
      parameters: env[VARIABLES.parameters] ?? '{}',
      env,
      signal: end.signal,
      print,
      pool: () =>
        processPool({
          module,
          flow: order.flow,
          storeSpec: order.store,
          store,
          variables: order.variables,
          tellsLogs: true,
          maxWorkers: 1,
          graceSeconds: order.graceSeconds,
        }),
    };
    const decisions = await doWork(order.planned, host);
    await report(decisions, { order, execution, index, folder: env[VARIABLES.report] });
    print(`${JSON.stringify(decisions)}\n`, 'stdout');
    return EXIT.succeeded;
  } catch (error) {
    if (error instanceof NotTaken) {
      say('another case is taken');
      return NOT_TAKEN;
    }
    if (error instanceof Halted && !error.failure) return end.isMachineGoing() ? EXIT.machineLost : EXIT.stopped;
    say(
      error instanceof Halted
        ? `${error.failure?.task ?? ''} failed: ${error.failure?.error.message ?? ''}`
        : messageOf(error),
    );
    return EXIT.failed;
  } finally {
    end.stop();
  }
}

interface Reporting {
  readonly order: PlannedOrder;
  readonly execution: string;
  readonly index: readonly number[];
  readonly folder: string | undefined;
}

async function report(
  decisions: Readonly<Record<string, Decision>>,
  { order, execution, index, folder }: Reporting,
): Promise<void> {
  const entries = Object.entries(decisions);
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    for (const [region, decision] of entries) {
      await writeFile(join(folder, plain(region)), typeof decision === 'string' ? decision : JSON.stringify(decision));
    }
  }
  if (entries.length === 0 || !order.store.datastore) return;
  const { datastore, metadata } = await openStoreParts(order.store);
  try {
    for (const [region, decision] of entries) {
      const path = decisionPath({ flow: order.flow, execution, region, index: indexText(index) });
      await datastore.put(path, JSON.stringify(decision), { isDurable: true });
    }
  } finally {
    await Promise.all([datastore[Symbol.asyncDispose](), metadata[Symbol.asyncDispose]()]);
  }
}
