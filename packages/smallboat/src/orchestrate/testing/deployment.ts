import type { Flow } from '../../flow/index.ts';
import { computeSettings } from '../../flow/compute/index.ts';
import type { Deployment } from '../deployment.ts';
import { cronOf } from '../cron.ts';
import { programOf } from '../program.ts';

/** A deployment as it is made of a flow, without a store or its code. */
export function deploymentOf(flow: Flow, setting: (name: string) => string | undefined = () => undefined): Deployment {
  const { schedule } = flow.options;
  return {
    name: flow.name,
    flow,
    program: programOf(flow.dag()),
    token: 'production-token-0-test',
    owner: 'ada',
    ...(schedule ? { schedule: cronOf(flow.name, schedule) } : {}),
    packed: {
      command: ['sh', '-c', 'exec node -e "$0"', 'console.log(1)'],
      order: (planned) => JSON.stringify({ flow: flow.name, planned, tags: [], systemTags: [], with: [] }),
      environment: { METAFLOW_USER: 'SFN' },
      store: { folder: '/nowhere', datastore: { kind: 's3', root: 's3://shop/metaflow' } },
      settings: computeSettings(setting),
      code: '0123',
    },
  };
}
