import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { argoManifests } from '../../orchestrate/index.ts';
import type { Command } from '../command.ts';
import { deployFlags, deploySchema, namedFlow, needed, writeOut } from '../deploy-flow.ts';

const schema = z.looseObject({
  action: z.enum(['create']),
  ...deploySchema,
  namespace: z.string().optional(),
  out: z.string().optional(),
});

/** `smallboat argo-workflows create flow.ts | kubectl apply -f -` */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = await namedFlow(argv, io, 'argo-workflows');
  return {
    name: 'argo-workflows',
    summary: 'Write a flow as a WorkflowTemplate of Argo Workflows, with a CronWorkflow where it has a schedule.',
    example: 'smallboat argo-workflows create flow.ts | kubectl apply -f -',
    positionals: ['action', 'flow'],
    schema,
    flags: {
      ...deployFlags,
      namespace: { type: 'string', help: 'namespace of the cluster' },
      out: { type: 'string', short: 'o', help: 'the file to write (default: print it)' },
    },
    async run(args) {
      const flow = needed(named, 'argo-workflows');
      const { out, namespace, 'max-workers': maxWorkers } = args;
      const path = out === undefined ? undefined : resolve(io.cwd, out);
      const before = path !== undefined && existsSync(path) ? readFileSync(path, 'utf8') : '';
      const [, owner = ''] = /metaflow\/owner: (\S+)/.exec(before) ?? [];
      const [, token] = /metaflow\/production_token: (\S+)/.exec(before) ?? [];
      const deployed = token === undefined ? undefined : { owner, token };
      const deployment = await flow.deployment(args, { runsAs: 'argo-workflows', deployed });
      const manifests = await argoManifests(deployment, {
        ...(namespace === undefined ? {} : { namespace }),
        ...(maxWorkers === undefined ? {} : { maxWorkers }),
      });
      const text = manifests
        .map((manifest) => stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false }))
        .join('---\n');
      writeOut(text, { path, json: args.json, facts: { name: deployment.name, token: deployment.token } }, io);
    },
  };
}
