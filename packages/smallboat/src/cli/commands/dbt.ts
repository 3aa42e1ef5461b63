import type { Io } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';
import { nearest } from '../nearest.ts';
import { Arguments, oneEach, verbOf } from '../dbt/arguments.ts';
import { COMMON, VERBS } from '../dbt/verbs.ts';

/** `smallboat dbt build --select orders+`, and `smallboat transform build`, which takes the warehouse from the settings. */
export function dbtCommand(argv: readonly string[], name: 'dbt' | 'transform'): Command<typeof Arguments> {
  const { verb } = verbOf(argv);
  const spec = verb === undefined ? undefined : VERBS[verb];
  if (verb === undefined) return overview(name);
  if (!spec) {
    const guess = nearest(verb, Object.keys(VERBS));
    throw usage(
      { name, call: `smallboat ${name}` },
      `<what>: there is no verb '${verb}'${guess === undefined ? '' : `, perhaps '${guess}'`}`,
    );
  }
  return {
    name,
    call: `smallboat ${name} ${verb}`,
    summary: spec.summary,
    example: spec.example.replace('smallboat dbt', `smallboat ${name}`),
    ...(spec.positionals ? { positionals: spec.positionals } : {}),
    flags: spec.flags,
    schema: Arguments,
    ...(name === 'transform' ? { fromSettings: ['home', 'warehouse'] as const } : {}),
    rewrite: (given) => oneEach(verbOf(given).rest),
    exitCodeOf: (error) => EXIT[error.code] ?? 2,
    async run(args, io) {
      const { runDbtVerb } = await import('../dbt/run-verb.ts');
      await runDbtVerb({ verb, args, io, usesSettings: name === 'transform' });
    },
  };
}

/** As dbt: 1 where nodes failed, 2 where the project could not be run at all. */
const EXIT: Readonly<Record<string, 1>> = { TESTS_FAILED: 1, MODELS_FAILED: 1, DBT_FAILED: 1 };

function overview(name: 'dbt' | 'transform'): Command<typeof Arguments> {
  const width = Math.max(...Object.keys(VERBS).map((verb) => verb.length)) + 2;
  const verbs = Object.entries(VERBS).map(([verb, { summary }]) => `  ${verb.padEnd(width)}${summary}`);
  return {
    name,
    call: `smallboat ${name} <verb>`,
    summary: [
      'Build, run and test a dbt project, without Python.',
      '',
      ...verbs,
      '',
      `See 'smallboat ${name} <verb> --help' for its flags; all take these:`,
    ].join('\n'),
    example: `smallboat ${name} build --select orders+`,
    flags: COMMON,
    schema: Arguments,
    run() {
      throw usage({ name, call: `smallboat ${name}` }, `<what>: name a verb, one of ${Object.keys(VERBS).join(', ')}`);
    },
  };
}

/** The command for a command line: each verb has its own flags. */
export function commandFor(argv: readonly string[], _io: Io): Promise<Command> {
  return Promise.resolve(dbtCommand(argv, 'dbt') as Command);
}
