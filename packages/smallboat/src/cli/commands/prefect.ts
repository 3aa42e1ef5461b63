import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import {
  TRACE_LABEL,
  deployToPrefect,
  deploymentName,
  prefect,
  prefectDeployed,
  prefectWorker,
} from '../../orchestrate/index.ts';
import type { Command } from '../command.ts';
import { deployFlags, deploySchema, namedFlow, needed } from '../deploy-flow.ts';
import { tellingUsage } from '../flow-flags.ts';
import { flowSettings, stopSignal } from '../flow-settings.ts';
import { runTracing } from '../flow-tracing.ts';

const schema = z.looseObject({
  action: z.enum(['create', 'trigger', 'worker']),
  ...deploySchema,
  pool: z.string().default('smallboat'),
  limit: z.coerce.number().int().min(1).default(4),
});

/** `smallboat prefect create flow.ts`, then `smallboat prefect worker` */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = argv[0] === 'worker' ? undefined : await namedFlow(argv, io, 'prefect');
  return {
    name: 'prefect',
    summary: [
      'Run flows from Prefect 3: deployments with schedule and parameters, and a worker that runs them.',
      '  prefect create <flow>                 make or change the deployment, and its work pool',
      '  prefect trigger <flow> [parameters]   start a flow run',
      '  prefect worker                        run what the work pool has, until it is stopped',
    ].join('\n'),
    example: 'smallboat prefect create flow.ts',
    positionals: ['action', 'flow'],
    schema,
    flags: {
      ...named?.flags.flags,
      ...deployFlags,
      pool: { type: 'string', help: 'the work pool (default smallboat)' },
      limit: { type: 'string', help: 'worker: flow runs at once (default 4)' },
    },
    ...(named ? { rewrite: named.flags.rename } : {}),
    async run(args) {
      const {
        PREFECT_API_URL: url = 'http://127.0.0.1:4200/api',
        PREFECT_API_KEY: key,
        PREFECT_API_AUTH_STRING: login,
      } = io.env;
      const server = { url, ...(key === undefined ? {} : { key }), ...(login === undefined ? {} : { login }) };
      if (args.action === 'worker') {
        using stop = stopSignal(io);
        const { 'max-workers': own } = args;
        const {
          store,
          maxWorkers,
          with: specs,
        } = await flowSettings({ ...args, ...(own === undefined ? {} : { maxWorkers: own }) }, io);
        return prefectWorker({
          api: prefect(server),
          pool: args.pool,
          store,
          limit: args.limit,
          with: specs,
          signal: stop.signal,
          say: (line) => io.err(line),
          trace: (parent) => runTracing({ ...io, env: { ...io.env, TRACEPARENT: parent } }),
          ...(maxWorkers === undefined ? {} : { maxWorkers }),
        });
      }
      const { flow, module, isolation, flags, token: tokenOf, owner, lint } = needed(named, 'prefect');
      const api = prefect(server);
      const of = await isolation(args);
      const name = `${flow.name}/${deploymentName(of)}`;
      if (args.action === 'create') {
        lint();
        const token = await tokenOf(args, await prefectDeployed(api, flow, of));
        const id = await deployToPrefect(api, {
          flow,
          module,
          isolation: of,
          pool: args.pool,
          tags: args.tag,
          token,
          owner: await owner(args),
          cwd: io.cwd,
        });
        if (args.json) return io.out(JSON.stringify({ name, id, pool: args.pool, token }));
        io.out(`Made deployment ${name} in work pool '${args.pool}'`);
        return io.out(`Its runs: smallboat runs --namespace production:${token}`);
      }
      const parameters = await tellingUsage({ name: 'prefect' }, () => flags.values(args, io));
      const { id } = await api.ask<{ id: string }>('GET', `/deployments/name/${name}`);
      const made = await api.ask<{ id: string; name: string }>('POST', `/deployments/${id}/create_flow_run`, {
        parameters,
        state: { type: 'SCHEDULED' },
        ...(io.env['TRACEPARENT'] === undefined ? {} : { labels: { [TRACE_LABEL]: io.env['TRACEPARENT'] } }),
      });
      return io.out(args.json ? JSON.stringify({ id: made.id, name: made.name }) : made.name);
    },
  };
}
