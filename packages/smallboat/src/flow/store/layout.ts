import { runStoreErrors } from './run-store.ts';
import type { RunPath, TaskPath } from './run-store.ts';

/*
 * Where things lie, from the root of a datastore or of local metadata: the layout of Metaflow 2.19. On one machine both have the same root,
 * `.metaflow`, and share folders.
 *
 *     <flow>/data/<2 of key>/<key>                  a blob; how it is packed stands beside it (`<key>_meta`), on S3 in the object's metadata
 *     <flow>/<run>/<step>/<task>/0.attempt.json     attempt 0 began
 *     <flow>/<run>/<step>/<task>/0.data.json        its artifacts, by name
 *     <flow>/<run>/<step>/<task>/0.DONE.lock        it has ended
 *     <flow>/<run>/<step>/<task>/0.task_stdout.log
 *
 * Local metadata:
 *
 *     <flow>/_meta/_self.json                       the same for <run>, <step> and <task> below it
 *     <flow>/latest_run
 *     <flow>/<run>/<step>/<task>/_meta/0_artifact_<name>.json, sysmeta_<field>_<time>.json
 *
 * Ours, in places where Metaflow does not look:
 *
 *     .runs/<run>                                   claims of run ids by local metadata
 *     <flow>/<run>/_meta/tasks/<id>                 claims of task ids
 *     <flow>/<run>/_meta/heartbeat                  milliseconds since 1970, in decimal
 *     <flow>/<run>/_meta/smallboat.json             what Metaflow has no place for
 *     <flow>/<run>/_meta/summary.json               what a list shows of it, once it has ended
 *     <flow>/<run>/_meta/checkpoints/<name>.json    the key of a checkpoint
 *     <flow>/_meta/kept/<name>.json                 a key that later runs may want
 *     <flow>/_meta/gc.json                          blobs that are being deleted
 */

/** The folder of a flow. Throws `STORE_NAME_INVALID`, as all functions here. */
export function flowPath(flow: string): string {
  return checked('flow', flow);
}

/** The folder of a flow's blobs. */
export function blobsPath(flow: string): string {
  return `${flowPath(flow)}/data`;
}

export function blobPath(flow: string, key: string): string {
  return `${blobsPath(flow)}/${key.slice(0, 2)}/${key}`;
}

export function runPath({ flow, run }: RunPath): string {
  return `${flowPath(flow)}/${checked('run', run)}`;
}

export function stepPath(path: Omit<TaskPath, 'task'>): string {
  return `${runPath(path)}/${checked('step', path.step)}`;
}

export function taskPath(path: TaskPath): string {
  return `${stepPath(path)}/${checked('task', path.task)}`;
}

/** A file of an attempt: `0.data.json`. */
export function attemptPath(task: TaskPath, attempt: number, name: string): string {
  return `${taskPath(task)}/${attempt}.${name}`;
}

/** A file of ours about a run. */
export function notePath(run: RunPath, name: string): string {
  return `${runPath(run)}/_meta/${name}.json`;
}

/** A file of ours about a flow. */
export function flowNotePath(flow: string, name: string): string {
  return `${flowPath(flow)}/_meta/${name}.json`;
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
