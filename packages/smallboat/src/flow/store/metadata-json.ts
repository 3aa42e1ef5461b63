import type { ArtifactPlace, Fact, RegisteredArtifact } from './metadata.ts';
import type { TaskPath } from './run-store.ts';

/** What Metaflow's metadata says of its maker, whatever it is about. */
export interface Maker {
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Ids = Readonly<Record<string, string>>;

function idsOf({ flow, run, step, task }: { readonly flow: string } & Partial<TaskPath>): Ids {
  return {
    flow_id: flow,
    ...(run === undefined ? {} : { run_number: run }),
    ...(step === undefined ? {} : { step_name: step }),
    ...(task === undefined ? {} : { task_id: task }),
  };
}

export interface Tags {
  readonly tags?: readonly string[];
  readonly systemTags?: readonly string[];
}

/** Says that a flow, run, step or task exists: local metadata's `_self.json`, and what the service is told. */
export function selfJson(of: { readonly flow: string } & Partial<TaskPath>, by: Maker & Tags): object {
  return {
    ...idsOf(of),
    user_name: by.user,
    tags: by.tags ?? [],
    system_tags: [...(by.systemTags ?? []), `user:${by.user}`],
    ts_epoch: by.now,
  };
}

/** Facts of an attempt. */
export function factsJson(
  task: TaskPath,
  facts: readonly Fact[],
  by: Maker & { readonly attempt: number },
): readonly object[] {
  return facts.map(({ field, value, type = field }) => ({
    ...idsOf(task),
    field_name: field,
    type,
    value,
    tags: [`attempt_id:${by.attempt}`],
    user_name: by.user,
    ts_epoch: by.now,
  }));
}

/** An attempt's artifacts: Metaflow's client finds them by these. */
export function artifactsJson(
  task: TaskPath,
  artifacts: readonly RegisteredArtifact[],
  by: Maker & { readonly attempt: number; readonly place: ArtifactPlace },
): readonly object[] {
  return artifacts.map(({ name, key }) => ({
    ...idsOf(task),
    attempt_id: by.attempt,
    name,
    content_type: 'pickle-v4',
    type: 'metaflow.artifact',
    sha: key,
    ds_type: by.place.kind,
    location: `:root:${by.place.root}`,
    user_name: by.user,
    tags: [],
    system_tags: [`user:${by.user}`],
    ts_epoch: by.now,
  }));
}
