import type { ArgsSchema, Command } from '../command.ts';
import { usage } from '../command.ts';
import { nearest } from '../nearest.ts';
import { firstPositional } from '../positional.ts';

const VERBS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
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
};

/** The command for the verb that a command line begins with: `smallboat monitor check …`. */
export async function commandFor(argv: readonly string[]): Promise<Command> {
  const verb = firstPositional(argv, ['--json', '--help', '-h', '--fail-on-drift', '--missing-is-no']);
  const found = verb === undefined ? undefined : VERBS[verb];
  if (verb === undefined || found === undefined) return overview(verb);
  const command = await found.load();
  const at = argv.indexOf(verb);
  return { ...command, rewrite: (given) => given.filter((_, i) => i !== at) };
}

/** What is shown where no verb is given, or one that there is not. */
function overview(verb: string | undefined): Command {
  const names = Object.keys(VERBS);
  const guess = verb === undefined ? undefined : nearest(verb, names);
  const problem =
    verb === undefined
      ? `It takes one of ${names.join(', ')}`
      : `There is no 'monitor ${verb}'${guess === undefined ? '' : `, perhaps 'monitor ${guess}'`}`;
  return {
    name: 'monitor',
    call: 'smallboat monitor <verb>',
    summary: `Watch predictions and what became of them.\n\n${Object.entries(VERBS)
      .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
      .join('\n')}`,
    example: 'smallboat monitor report --since 24h',
    flags: { json: { type: 'boolean', help: 'each of them prints its result as JSON with it' } },
    schema: ANYTHING,
    rewrite: () => {
      throw usage({ name: 'monitor' }, problem);
    },
    run: () => Promise.resolve(),
  };
}

const ANYTHING: ArgsSchema = { safeParse: (data) => ({ success: true, data }) };
