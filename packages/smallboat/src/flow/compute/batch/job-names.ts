import type { TaskLabels } from '../service.ts';

/**
 * A job's name: Metaflow's, `ada-Intent-1795433364090388-train-4-0`. Letters, digits, `-` and `_`, 128 at most; where it has to be cut the
 * user goes first, for the rest tells attempts apart.
 */
export function jobName({ user, flow, run, step, task, attempt }: TaskLabels): string {
  const own = [flow, run, step, task, attempt].join('-').replace(/[^\w-]/g, '_');
  const name = `${user.replace(/[^\w-]/g, '_')}-${own}`;
  // The first character is a letter or a digit.
  return (name.length <= 128 ? name : own.slice(-128)).replace(/^[^a-zA-Z0-9]+/, '');
}

/** What Metaflow's own `batch list` looks for in a job. */
export function jobParameters({ user, flow, run, step, task, attempt }: TaskLabels): Record<string, string> {
  return {
    'metaflow.user': user,
    'metaflow.flow_name': flow,
    'metaflow.run_id': run,
    'metaflow.step_name': step,
    'metaflow.task_id': task,
    'metaflow.retry_count': String(attempt),
  };
}

/** Tags for those who share out the costs, where the settings want them; those of settings and steps always. */
export function jobTags(
  labels: TaskLabels,
  {
    emitsTags,
    tags,
    own = {},
  }: { emitsTags: boolean; tags: Readonly<Record<string, string>>; own?: Readonly<Record<string, string>> | undefined },
): Record<string, string> {
  const { user, flow, run, step } = labels;
  const told = { app: 'smallboat', 'metaflow.flow_name': flow, 'metaflow.run_id': run, 'metaflow.step_name': step };
  const all = { ...(emitsTags ? { ...told, 'metaflow.user': user } : {}), ...tags, ...own };
  // What AWS allows in tags: the rest is left out, as Metaflow does.
  const clean = (text: string, most: number): string => text.replace(/[^A-Za-z0-9\s+\-=._:/@]/g, '').slice(0, most);
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [clean(name, 128), clean(value, 256)]));
}
