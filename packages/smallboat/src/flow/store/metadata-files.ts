import { join } from 'node:path';
import type { BlobFacts } from './blob-store.ts';
import type { Layout } from './layout.ts';
import type { ArtifactKey, TaskPath } from './run-store.ts';
import { exists, writeJson } from './store-file.ts';

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

/** Says in `folder` that the flow, run, step or task exists. Leaves a file that is there. */
export async function writeSelf(
  folder: string,
  of: { readonly flow: string } & Partial<TaskPath>,
  by: Maker & Tags,
  sync: boolean,
): Promise<void> {
  const path = join(folder, '_meta/_self.json');
  if (await exists(path)) return;
  await writeJson(
    path,
    {
      ...idsOf(of),
      user_name: by.user,
      tags: by.tags ?? [],
      system_tags: [...(by.systemTags ?? []), `user:${by.user}`],
      ts_epoch: by.now,
    },
    sync,
  );
}

export interface Fact {
  readonly field: string;
  readonly value: string;
  /** Metaflow's type of the fact; by default its field's name. */
  readonly type?: string;
}

/** Metaflow's metadata of a task: facts by name. They are for readers, and may be lost with the power. */
export async function writeFacts(
  layout: Layout,
  task: TaskPath,
  facts: readonly Fact[],
  by: Maker & { readonly attempt: number },
): Promise<void> {
  const meta = join(layout.task(task), '_meta');
  const write = ({ field, value, type = field }: Fact): Promise<void> =>
    writeJson(
      join(meta, `sysmeta_${field}_${by.now}.json`),
      {
        ...idsOf(task),
        field_name: field,
        type,
        value,
        tags: [`attempt_id:${by.attempt}`],
        user_name: by.user,
        ts_epoch: by.now,
      },
      false,
    );
  await Promise.all(facts.map(write));
}

export interface NamedBlob extends BlobFacts {
  readonly name: string;
  readonly key: ArtifactKey;
}

/** Metaflow's metadata of an attempt's artifacts: one file each. Its client finds artifacts by them. */
export async function writeArtifactFiles(
  layout: Layout,
  task: TaskPath,
  blobs: readonly NamedBlob[],
  by: Maker & { readonly attempt: number },
): Promise<void> {
  const meta = join(layout.task(task), '_meta');
  const write = ({ name, key }: NamedBlob): Promise<void> =>
    writeJson(
      join(meta, `${by.attempt}_artifact_${name}.json`),
      {
        ...idsOf(task),
        attempt_id: by.attempt,
        name,
        content_type: 'pickle-v4',
        type: 'metaflow.artifact',
        sha: key,
        ds_type: 'local',
        location: `:root:${layout.root}`,
        user_name: by.user,
        tags: [],
        system_tags: [`user:${by.user}`],
        ts_epoch: by.now,
      },
      false,
    );
  await Promise.all(blobs.map(write));
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
