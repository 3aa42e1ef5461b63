import type { ArgsSchema, Command } from '../command.ts';
import { usage } from '../command.ts';
import { nearest } from '../nearest.ts';
import { firstPositional } from '../positional.ts';

const VERBS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  check: {
    summary: 'check a table, a query or a file against a suite',
    load: async () => (await import('../quality/check.ts')).checkCommand('quality'),
  },
  checkpoint: {
    summary: 'run a checkpoint: several suites, then actions',
    load: async () => (await import('../quality/checkpoint.ts')).checkpoint,
  },
  dbt: {
    summary: 'ask the tests of a dbt project as expectations',
    load: async () => (await import('../quality/checkpoint.ts')).dbt,
  },
  suggest: {
    summary: 'propose a suite from data, with reasons',
    load: async () => (await import('../quality/suggest.ts')).suggest,
  },
  docs: {
    summary: 'write all pages of the data docs anew',
    load: async () => (await import('../quality/docs.ts')).docs,
  },
};

/** The command for the verb that a command line begins with: `smallboat quality check …`. */
export async function commandFor(argv: readonly string[]): Promise<Command> {
  const verb = firstPositional(argv, ['--json', '--help', '-h', '--no-quarantine', '--learned']);
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
      : `There is no 'quality ${verb}'${guess === undefined ? '' : `, perhaps 'quality ${guess}'`}`;
  const command: Command = {
    name: 'quality',
    call: 'smallboat quality <verb>',
    summary: `Check data, and show what was found.\n\n${Object.entries(VERBS)
      .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
      .join('\n')}`,
    example: 'smallboat quality suggest public.session_stats',
    flags: { json: { type: 'boolean', help: 'each of them prints its result as JSON with it' } },
    schema: ANYTHING,
    rewrite: () => {
      throw usage({ name: 'quality' }, problem);
    },
    run: () => Promise.resolve(),
  };
  return command;
}

const ANYTHING: ArgsSchema = { safeParse: (data) => ({ success: true, data }) };
