import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { githubWorkflow, resultTable } from '../../orchestrate/index.ts';
import { type Command, usage } from '../command.ts';
import { namedFlow, needed, writeOut } from '../deploy-flow.ts';
import { openRuns } from '../open-runs.ts';

const schema = z.looseObject({
  action: z.enum(['create', 'summary']),
  flow: z.string().optional(),
  secret: z.array(z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'a name of capital letters, digits and _')).default([]),
  variable: z.array(z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'a name of capital letters, digits and _')).default([]),
  with: z.array(z.string()).default([]),
  'timeout-minutes': z.coerce.number().int().min(1).optional(),
  'run-id-file': z.string().optional(),
  home: z.string().optional(),
  out: z.string().optional(),
  json: z.boolean().default(false),
});
type Args = z.infer<typeof schema>;

/** `smallboat github-actions create flow.ts --out .github/workflows/flow.yml` */
export async function commandFor(argv: readonly string[], io: Io): Promise<Command<typeof schema>> {
  const named = argv[0] === 'summary' ? undefined : await namedFlow(argv, io, 'github-actions');
  return {
    name: 'github-actions',
    summary: [
      'Write a workflow of GitHub Actions that runs a flow on its schedule and tells pull requests what it made.',
      '  github-actions create <flow>   write the workflow',
      '  github-actions summary         write what the latest run made, as Markdown: the workflow calls it',
    ].join('\n'),
    example: 'smallboat github-actions create flow.ts --out .github/workflows/flow.yml --secret WAREHOUSE_URL',
    positionals: ['action', 'flow'],
    schema,
    flags: {
      secret: { type: 'string', multiple: true, help: 'a secret of the repository that the run gets; may be repeated' },
      variable: { type: 'string', multiple: true, help: 'a variable of the repository, the same' },
      with: { type: 'string', multiple: true, help: 'for all steps: retry, timeout:minutes=5, batch, …' },
      'timeout-minutes': { type: 'string', help: 'when GitHub ends it (default 360)' },
      'run-id-file': { type: 'string', help: 'summary: a file with the id of the run (default: the latest run)' },
      home: { type: 'string', help: 'folder that the runs are in (default .smallboat, or what is configured)' },
      out: { type: 'string', short: 'o', help: 'the file to write (default: print it)' },
      json: { type: 'boolean', help: 'print the result as JSON' },
    },
    async run(args) {
      const path = args.out === undefined ? undefined : resolve(io.cwd, args.out);
      if (args.action === 'summary') return writeOut(await summary(args, io), { path, json: args.json, facts: {} }, io);
      const { flow } = needed(named, 'github-actions');
      const [file = '', name] = (args.flow ?? '').split('#');
      const from = relative(io.cwd, resolve(io.cwd, file));
      if (from.startsWith('..'))
        throw usage({ name: 'github-actions' }, '<flow>: call it in the root of the repository');
      const text = await githubWorkflow({
        flow,
        file: name === undefined ? from : `${from}#${name}`,
        secrets: args.secret,
        variables: args.variable,
        with: args.with,
        ...(args['timeout-minutes'] === undefined ? {} : { timeoutMinutes: args['timeout-minutes'] }),
      });
      return writeOut(text, { path, json: args.json, facts: { name: flow.name } }, io);
    },
  };
}

async function summary(args: Args, io: Io): Promise<string> {
  const wanted =
    args['run-id-file'] === undefined ? undefined : readFileSync(resolve(io.cwd, args['run-id-file']), 'utf8').trim();
  await using runs = await openRuns({ ...args, namespace: '' }, io);
  const { view } = await runs.find(wanted);
  return `## ${view.info.flow}: ${view.state}\n\n${await resultTable(runs.store, view)}\n`;
}
