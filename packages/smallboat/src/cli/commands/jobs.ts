import * as z from 'zod';
import { type UnfinishedJob, computeSettings, openService, settingsIn } from '../../flow/compute/index.ts';
import { seconds } from '../../flow/index.ts';
import { textTable } from '../../report/index.ts';
import { loadSettings } from '../../config/index.ts';
import { type Command, usage } from '../command.ts';

const schema = z.object({
  service: z.enum(['batch', 'kubernetes']).optional(),
  flow: z.string().optional(),
  run: z.string().optional(),
  user: z.string().optional(),
  queue: z.string().optional(),
  namespace: z.string().optional(),
  stop: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `smallboat jobs batch --run 1795433364090388 --stop` */
export const command: Command<typeof schema> = {
  name: 'jobs',
  summary: 'List the jobs that have not ended on AWS Batch or Kubernetes, those of killed runs too, or stop them.',
  example: 'smallboat jobs batch --run 1795433364090388 --stop',
  positionals: ['service'],
  schema,
  flags: {
    flow: { type: 'string', help: 'only those of this flow' },
    run: { type: 'string', help: 'only those of this run' },
    user: { type: 'string', help: 'only those that this user started' },
    queue: { type: 'string', help: 'queue of AWS Batch (default: METAFLOW_BATCH_JOB_QUEUE)' },
    namespace: { type: 'string', help: 'namespace of Kubernetes (default: METAFLOW_KUBERNETES_NAMESPACE)' },
    stop: { type: 'boolean', help: 'stop them; say which with --flow, --run or --user' },
    json: { type: 'boolean', help: 'print them as JSON' },
  },
  async run({ service: given, flow, run, user, queue, namespace, stop, json }, io) {
    const { compute } = await loadSettings({ folder: io.cwd, env: io.env });
    const asked = given ?? (compute === 'local' ? undefined : compute);
    if (asked === undefined) throw usage({ name: 'jobs' }, '<service>: give batch or kubernetes');
    if (stop && (flow ?? run ?? user) === undefined)
      throw usage({ name: 'jobs' }, '--stop: say which, with --flow, --run or --user');
    const setting = settingsIn(io);
    const named: Readonly<Record<string, string | undefined>> = {
      METAFLOW_BATCH_JOB_QUEUE: queue,
      METAFLOW_KUBERNETES_NAMESPACE: namespace,
    };
    const settings = computeSettings((name) => named[name] ?? setting(name));
    await using service = await openService(asked, settings, io.env);
    const wanted = ({ labels }: UnfinishedJob): boolean =>
      (flow ?? labels.flow) === labels.flow &&
      (run ?? labels.run) === labels.run &&
      (user ?? labels.user) === labels.user;
    const jobs = (await service.unfinished()).filter(wanted);
    if (stop) for (const { id } of jobs) await service.stop(id);
    if (json) return io.out(JSON.stringify({ service: asked, isStopped: stop, jobs }));
    if (jobs.length === 0) return io.out(`No job of ${service.name} has not ended.`);
    const rows = jobs.map(({ id, state, labels, createdAt }) => [
      id,
      stop ? 'stopped' : state.toLowerCase(),
      [labels.flow, labels.run, labels.step, labels.task].join('/'),
      labels.user,
      createdAt === 0 ? '' : seconds(Date.now() - createdAt),
    ]);
    for (const line of textTable(['job', 'state', 'task', 'user', 'age'], rows)) io.out(line);
  },
};
