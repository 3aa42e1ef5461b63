import type * as Sdk from '@aws-sdk/client-batch';
import type { UnfinishedJob } from '../service.ts';
import { MOST } from './job-poller.ts';

const STATES: readonly Sdk.JobStatus[] = ['SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING'];

export interface QueueToAsk {
  readonly client: Sdk.BatchClient;
  readonly sdk: Pick<typeof Sdk, 'DescribeJobsCommand' | 'paginateListJobs'>;
  readonly queue: string;
}

/** Jobs of ours in a queue that have not ended: those whose definition is one of ours. */
export async function unfinishedJobs({ client, sdk, queue }: QueueToAsk): Promise<readonly UnfinishedJob[]> {
  const ids: string[] = [];
  for (const jobStatus of STATES) {
    for await (const page of sdk.paginateListJobs({ client }, { jobQueue: queue, jobStatus })) {
      ids.push(...(page.jobSummaryList ?? []).flatMap(({ jobId }) => (jobId === undefined ? [] : [jobId])));
    }
  }
  const found: UnfinishedJob[] = [];
  for (let from = 0; from < ids.length; from += MOST) {
    const { jobs = [] } = await client.send(new sdk.DescribeJobsCommand({ jobs: ids.slice(from, from + MOST) }));
    for (const { jobId: id = '', status: state = '', jobDefinition = '', parameters = {}, createdAt = 0 } of jobs) {
      if (!jobDefinition.includes('job-definition/smallboat_')) continue;
      const of = (name: string): string => parameters[`metaflow.${name}`] ?? '';
      const labels = {
        user: of('user'),
        flow: of('flow_name'),
        run: of('run_id'),
        step: of('step_name'),
        task: of('task_id'),
        attempt: of('retry_count'),
      };
      found.push({ id, state, labels, createdAt });
    }
  }
  return found;
}
