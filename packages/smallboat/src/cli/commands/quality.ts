import type { Command } from '../command.ts';
import { type VerbGroup, verbFor } from '../verbs.ts';

const group: VerbGroup = {
  name: 'quality',
  summary: 'Check data, and show what was found.',
  example: 'smallboat quality suggest public.session_stats',
  switches: ['--no-quarantine', '--learned'],
  verbs: {
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
  },
};

/** The command for the verb that a command line begins with: `smallboat quality check …`. */
export const commandFor = (argv: readonly string[]): Promise<Command> => verbFor(group, argv);
