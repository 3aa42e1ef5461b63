import { type ArgsSchema, type Command, usage } from './command.ts';
import { nearest } from './nearest.ts';
import { firstPositional } from './positional.ts';

/** A command that is several: `smallboat monitor check`. */
export interface VerbGroup {
  readonly name: string;
  /** What all of them are for. */
  readonly summary: string;
  readonly example: string;
  /** In the order in which they are shown. */
  readonly verbs: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>>;
  /** Flags of any of them that take no value, beside `--json` and `--help`. */
  readonly switches: readonly string[];
}

/** The command for the verb that a command line begins with; where there is none, one that says which there are. */
export async function verbFor(group: VerbGroup, argv: readonly string[]): Promise<Command> {
  const verb = firstPositional(argv, ['--json', '--help', '-h', ...group.switches]);
  const found = verb === undefined ? undefined : group.verbs[verb];
  if (verb === undefined || found === undefined) return overview(group, verb);
  const command = await found.load();
  const at = argv.indexOf(verb);
  return { ...command, rewrite: (given) => given.filter((_, i) => i !== at) };
}

/** What is shown where no verb is given, or one that there is not. */
function overview({ name, summary, example, verbs }: VerbGroup, verb: string | undefined): Command {
  const names = Object.keys(verbs);
  const guess = verb === undefined ? undefined : nearest(verb, names);
  const problem =
    verb === undefined
      ? `It takes one of ${names.join(', ')}`
      : `There is no '${name} ${verb}'${guess === undefined ? '' : `, perhaps '${name} ${guess}'`}`;
  const lines = Object.entries(verbs).map(([one, { summary: what }]) => `  ${one.padEnd(12)}${what}`);
  return {
    name,
    call: `smallboat ${name} <verb>`,
    summary: `${summary}\n\n${lines.join('\n')}`,
    example,
    flags: { json: { type: 'boolean', help: 'each of them prints its result as JSON with it' } },
    schema: ANYTHING,
    rewrite: () => {
      throw usage({ name }, problem);
    },
    run: () => Promise.resolve(),
  };
}

const ANYTHING: ArgsSchema = { safeParse: (data) => ({ success: true, data }) };
