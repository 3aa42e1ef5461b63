import * as z from 'zod';
import { grafanaDashboard, prometheusRules } from '../../monitoring/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({ json: z.boolean().default(false) });
const flags = { json: { type: 'boolean', help: 'as JSON, which is YAML too' } } as const;

/** `smallboat monitor rules`: alerting rules for Prometheus over the figures of `monitor check --prometheus`. */
export const rules: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor rules',
  summary: 'Print alerting rules for Prometheus.',
  example: 'smallboat monitor rules > smallboat.rules.yml',
  schema,
  flags,
  async run(args, io) {
    if (args.json) io.out(JSON.stringify(prometheusRules(), null, 2));
    else {
      const { stringify } = await import('yaml');
      io.out(stringify(prometheusRules(), { lineWidth: 0 }).trimEnd());
    }
  },
};

/** `smallboat monitor dashboard`: a Grafana dashboard over the same figures. */
export const dashboard: Command<typeof schema> = {
  name: 'monitor',
  call: 'smallboat monitor dashboard',
  summary: 'Print a Grafana dashboard as JSON, to import with a Prometheus data source.',
  example: 'smallboat monitor dashboard > smallboat.dashboard.json',
  schema,
  flags,
  run(_, io) {
    io.out(JSON.stringify(grafanaDashboard(), null, 2));
    return Promise.resolve();
  },
};
