import type { Command } from '../command.ts';
import { type VerbGroup, verbFor } from '../verbs.ts';

const group: VerbGroup = {
  name: 'monitor',
  summary: 'Watch predictions and what became of them.',
  example: 'smallboat monitor report --since 24h',
  switches: ['--fail-on-drift', '--missing-is-no'],
  verbs: {
    report: {
      summary: 'compare live predictions with the reference, and write a page',
      load: async () => (await import('../monitor/report.ts')).report,
    },
    check: {
      summary: 'the same, with alarms to webhook and Slack, and a command that mends',
      load: async () => (await import('../monitor/check.ts')).check,
    },
    live: {
      summary: 'measure predictions over windows, as labels mature',
      load: async () => (await import('../monitor/live.ts')).live,
    },
    join: {
      summary: 'give predictions their labels from the purchases in the warehouse',
      load: async () => (await import('../monitor/join.ts')).join,
    },
    rules: {
      summary: 'print alerting rules for Prometheus',
      load: async () => (await import('../monitor/prometheus.ts')).rules,
    },
    dashboard: {
      summary: 'print a Grafana dashboard',
      load: async () => (await import('../monitor/prometheus.ts')).dashboard,
    },
  },
};

/** The command for the verb that a command line begins with: `smallboat monitor check …`. */
export const commandFor = (argv: readonly string[]): Promise<Command> => verbFor(group, argv);
