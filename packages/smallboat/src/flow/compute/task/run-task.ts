import { messageOf } from '../../../kernel/index.ts';
import { processPool } from '../../engine/process-pool.ts';
import type { Outcome } from '../../engine/job.ts';
import { openRunStore } from '../../store/open-run-store.ts';
import type { RunStore } from '../../store/run-store.ts';
import { EXIT } from './exit-codes.ts';
import { type GangNode, gangNode, waitForOthers } from './gang-node.ts';
import { ORDER_VARIABLE, type RemoteJob, type TaskOrder } from './order.ts';
import { lineOf } from './said.ts';
import type { TaskHost } from './task-host.ts';
import { toldToEnd } from './told-to-end.ts';

/**
 * Runs the one attempt that a container is for, in a process of its own, so that a body that computes without a pause can be stopped all the
 * same. What the body prints goes to the store and to the container's log. Never rejects.
 *
 * @returns The exit code: one of `EXIT`.
 */
export async function runTask({ env, module, print, onTerminate }: TaskHost): Promise<number> {
  const say = (text: string): void => print(`[smallboat] ${text}\n`, 'stderr');
  const order = JSON.parse(env[ORDER_VARIABLE] ?? '') as TaskOrder; // Written by whoever submitted the job.
  let store: RunStore;
  let node: GangNode;
  try {
    store = await openRunStore(order.store);
    node = await nodeOf(order, store, env);
  } catch (error) {
    say(`the store cannot be reached: ${messageOf(error)}`);
    return EXIT.storeUnreachable;
  }
  await using _ = store;
  const { remote, others } = node;
  const end = toldToEnd({ env, onTerminate }, 'container', say);
  try {
    await using pool = processPool({
      module,
      flow: order.flow,
      storeSpec: order.store,
      store,
      variables: remote.variables,
      tellsLogs: true,
      maxWorkers: 1,
      graceSeconds: order.graceSeconds,
    });
    const outcome = await pool.run(remote.job, {
      signal: end.signal,
      ...(order.timeoutSeconds === undefined ? {} : { timeoutSeconds: order.timeoutSeconds }),
      onLog: (stream, text) => print(text, stream),
      onProgress: (progress) => print(`${lineOf({ kind: 'progress', progress })}\n`, 'stdout'),
    });
    if (outcome.kind === 'succeeded' && others.length > 0) {
      say(`waiting for the other ${others.length} of its gang`);
      await waitForOthers(others, store, end);
    }
    if (outcome.kind === 'lost') print(`${lineOf({ kind: 'lost', loss: outcome.loss })}\n`, 'stdout');
    return end.isMachineGoing() && outcome.kind === 'stopped' ? EXIT.machineLost : exitCodeOf(outcome);
  } catch (error) {
    say(`the store cannot be written: ${messageOf(error)}`);
    return EXIT.storeUnreachable;
  } finally {
    end.stop();
  }
}

async function nodeOf({ flow, job }: TaskOrder, store: RunStore, env: TaskHost['env']): Promise<GangNode> {
  if ('job' in job) return { remote: job, others: [] };
  // Saved by whoever submitted the job.
  if ('gang' in job) return gangNode((await store.load(flow, job.gang)) as readonly RemoteJob[], env);
  return { remote: (await store.load(flow, job.stored)) as RemoteJob, others: [] };
}

function exitCodeOf(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'succeeded':
    case 'failed':
    case 'timedOut':
    case 'stopped':
      return EXIT[outcome.kind];
    case 'lost':
      break;
  }
  return outcome.loss.kind === 'outOfMemory' ? EXIT.outOfMemory : EXIT.lost;
}
