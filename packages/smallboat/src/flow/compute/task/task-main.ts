import { isPlanned, runPlanned } from '../../orchestrated/run-planned.ts';
import { runTask as run } from './run-task.ts';
import type { TaskHost } from './task-host.ts';

/**
 * Runs the task of a container: the entry of a code package, which the bootstrap imports. Gives the exit code.
 *
 * @param module URL of the module that exports the flow.
 */
export function runTask(env: TaskHost['env'], module: string): Promise<number> {
  const host: TaskHost = {
    env,
    module,
    print: (text, stream) => process[stream].write(text),
    onTerminate: (listener) => {
      // A second time it ends at once, as without us.
      process.once('SIGTERM', listener);
      process.once('SIGINT', listener);
    },
  };
  return isPlanned(env) ? runPlanned(host) : run(host);
}
