import type { BlobFacts } from './blob-store.ts';
import type { ArtifactKey, TaskPath } from './run-store.ts';

/** What every file of Metaflow's local metadata says of its maker. */
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

/** `_self.json`: says that a flow, run, step or task exists. */
export function selfJson(of: { readonly flow: string } & Partial<TaskPath>, by: Maker & Tags): unknown {
  return {
    ...idsOf(of),
    user_name: by.user,
    tags: by.tags ?? [],
    system_tags: [...(by.systemTags ?? []), `user:${by.user}`],
    ts_epoch: by.now,
  };
}

export interface Fact {
  readonly field: string;
  readonly value: string;
  /** Metaflow's type of the fact; by default its field's name. */
  readonly type?: string;
}

type Files = Readonly<Record<string, string>>;

/** Metaflow's metadata of a task, as files by name: facts by name. They are for readers, and may be lost with the power. */
export function factFiles(task: TaskPath, facts: readonly Fact[], by: Maker & { readonly attempt: number }): Files {
  const files = facts.map(({ field, value, type = field }) => [
    `sysmeta_${field}_${by.now}.json`,
    JSON.stringify({
      ...idsOf(task),
      field_name: field,
      type,
      value,
      tags: [`attempt_id:${by.attempt}`],
      user_name: by.user,
      ts_epoch: by.now,
    }),
  ]);
  return Object.fromEntries(files);
}

export interface NamedBlob extends BlobFacts {
  readonly name: string;
  readonly key: ArtifactKey;
}

/** Metaflow's metadata of an attempt's artifacts, as files by name: one each. Its client finds artifacts by them. */
export function artifactFiles(
  task: TaskPath,
  blobs: readonly NamedBlob[],
  by: Maker & { readonly attempt: number; readonly root: string },
): Files {
  const files = blobs.map(({ name, key }) => [
    `${by.attempt}_artifact_${name}.json`,
    JSON.stringify({
      ...idsOf(task),
      attempt_id: by.attempt,
      name,
      content_type: 'pickle-v4',
      type: 'metaflow.artifact',
      sha: key,
      ds_type: 'local',
      location: `:root:${by.root}`,
      user_name: by.user,
      tags: [],
      system_tags: [`user:${by.user}`],
      ts_epoch: by.now,
    }),
  ]);
  return Object.fromEntries(files);
}

/** `N.data.json`: what the attempt left behind. */
export function dataJson(attempt: number, blobs: readonly NamedBlob[], endedAt: number): unknown {
  return {
    datastore: 'local',
    version: '1.0',
    attempt,
    python_version: `none (smallboat on Node ${process.version})`,
    objects: Object.fromEntries(blobs.map(({ name, key }) => [name, key])),
    info: Object.fromEntries(
      blobs.map(({ name, size, type }) => [
        name,
        { size, type, encoding: 'pickle-v4', serializer_info: { source: 'metaflow' } },
      ]),
    ),
    ended_at: endedAt,
  };
}
