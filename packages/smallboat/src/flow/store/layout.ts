import { join } from 'node:path';
import { runStoreErrors } from './run-store.ts';
import type { TaskPath } from './run-store.ts';

/**
 * Where Metaflow's local datastore and local metadata keep things: one tree, since both use the same folders.
 *
 *     <flow>/_meta/_self.json                       <flow>/latest_run
 *     <flow>/data/<2 of key>/<key>, <key>_meta      blobs and how they are packed
 *     <flow>/<run>/_meta/_self.json                 the same for <step> and <task> below it
 *     <flow>/<run>/<step>/<task>/0.data.json        the artifacts of attempt 0, by name
 *     <flow>/<run>/<step>/<task>/0.DONE.lock        attempt 0 has ended
 *     <flow>/<run>/<step>/<task>/0.task_stdout.log
 *
 * Ours, in places where Metaflow does not look:
 *
 *     .saved/<key>             blobs that no ended attempt has named yet
 *     .runs/<run>              claims of run ids
 *     <run>/_meta/tasks/<id>   claims of task ids
 *     <run>/_meta/heartbeat    milliseconds since 1970, in decimal
 *     <run>/_meta/smallboat.json
 */
export interface Layout {
  /** The absolute path of `.metaflow`. */
  readonly root: string;
  readonly saved: string;
  readonly runClaims: string;
  flow(flow: string): string;
  blobs(flow: string): string;
  run(flow: string, run: string): string;
  step(path: Omit<TaskPath, 'task'>): string;
  task(path: TaskPath): string;
}

/** The layout under `root`. Its functions throw `STORE_NAME_INVALID` for names that are none. */
export function layoutOf(root: string): Layout {
  const layout: Layout = {
    root,
    saved: join(root, '.saved'),
    runClaims: join(root, '.runs'),
    flow: (flow) => join(root, checked('flow', flow)),
    blobs: (flow) => join(layout.flow(flow), 'data'),
    run: (flow, run) => join(layout.flow(flow), checked('run', run)),
    step: ({ flow, run, step }) => join(layout.run(flow, run), checked('step', step)),
    task: (path) => join(layout.step(path), checked('task', path.task)),
  };
  return layout;
}

/** Nothing that leads out of the folder, and nothing that Metaflow keeps for itself. */
function checked(what: string, name: string): string {
  if (!/^\w(?:[\w.-]*\w)?$/.test(name) || name === '_meta' || (what === 'run' && name === 'data')) {
    throw runStoreErrors.STORE_NAME_INVALID({ what, name });
  }
  return name;
}

/** Artifacts become attributes of Python objects, so their names are Python's. Throws `STORE_NAME_INVALID`. */
export function checkArtifactName(name: string): void {
  if (!/^[A-Za-z_]\w*$/.test(name)) throw runStoreErrors.STORE_NAME_INVALID({ what: 'artifact', name });
}
