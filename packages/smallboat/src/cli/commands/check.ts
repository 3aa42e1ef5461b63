import * as z from 'zod';
import { describeDag, describeFinding, dotOf, importModule, isFlow, lintFlows, loadErrors } from '../../flow/index.ts';
import { defineErrors } from '../../kernel/index.ts';
import type { Command } from '../command.ts';
import { flowFile } from '../flow-file.ts';
import { setConfigs } from '../flow-settings.ts';

export const checkErrors = defineErrors({
  FLOW_CHECK_FAILED: (f: { path: string; errors: number; warnings: number }) =>
    `${f.path}: ${f.errors} errors, ${f.warnings} warnings. Mend what is named above.`,
});

const schema = z.object({
  flow: z.string('give the file of a flow'),
  strict: z.boolean().default(false),
  config: z.array(z.string()).default([]),
  'config-value': z.array(z.string()).default([]),
  dot: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** `smallboat check flow.ts`: what is wrong with a flow, without running it. */
export const command: Command<typeof schema> = {
  name: 'check',
  summary: 'Look through the flows of a file for mistakes, and print their graphs. Nothing is run.',
  example: 'smallboat check flow.ts',
  positionals: ['flow'],
  flags: {
    strict: { type: 'boolean', help: 'fail on warnings too' },
    config: { type: 'string', multiple: true, help: 'name=<file>: a configuration of the flow; may be repeated' },
    'config-value': { type: 'string', multiple: true, help: 'name=<JSON>: the same, given here' },
    dot: { type: 'boolean', help: 'print the graphs in the DOT language, for Graphviz' },
    json: { type: 'boolean', help: 'print findings and graphs as JSON' },
  },
  schema,
  async run(args, io) {
    const { module, path } = flowFile(args.flow, 'check', io);
    await setConfigs(
      [...args.config.map((c) => `--config=${c}`), ...args['config-value'].map((c) => `--config-value=${c}`)],
      io,
    );
    const flows = [...new Set(Object.values(await importModule(module)).filter(isFlow))];
    if (flows.length === 0) throw loadErrors.FLOW_NOT_FOUND({ path, found: '' });
    const findings = lintFlows(flows);
    for (const finding of args.json ? [] : findings) io.err(describeFinding(finding, io.cwd));
    if (args.json) {
      io.out(JSON.stringify({ flows: flows.map((f) => ({ flow: f.name, graph: describeDag(f.dag()) })), findings }));
    } else if (args.dot) {
      for (const { dag } of flows) io.out(dotOf(dag()));
    } else {
      for (const { name, dag } of flows) {
        io.out(name);
        for (const line of describeDag(dag()).split('\n')) io.out(`  ${line}`);
      }
      if (findings.length === 0) io.out('No mistakes found.');
    }
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    const warnings = findings.length - errors;
    if (errors > 0 || (args.strict && warnings > 0)) throw checkErrors.FLOW_CHECK_FAILED({ path, errors, warnings });
  },
};
