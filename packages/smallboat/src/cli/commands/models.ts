import { join, resolve } from 'node:path';
import * as z from 'zod';
import { textTable } from '../../report/index.ts';
import type { ModelVersion } from '../../tracking/index.ts';
import { localRegistry } from '../../tracking/index.ts';
import type { Command } from '../command.ts';

const schema = z.object({
  name: z.string().optional(),
  check: z.boolean().default(false),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat models`: what is registered, and which version is the champion. */
export const models: Command<typeof schema> = {
  name: 'models',
  summary: 'List registered models and their versions.',
  example: 'smallboat models --check',
  schema,
  fromSettings: ['home'],
  flags: {
    name: { type: 'string', short: 'n', help: 'only versions of this model (default: all)' },
    check: { type: 'boolean', help: 'read every file and compare its hash; exit with 1 if one differs' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run({ name, check, home, json }, io) {
    const registry = localRegistry({ folder: join(resolve(io.cwd, home), 'models') });
    const found: ModelVersion[] = [];
    for (const model of name === undefined ? await registry.models() : [name]) {
      found.push(...(await registry.versions(model)));
    }
    if (check) for (const { name: model, version } of found) await registry.version(model, version);
    if (json) return io.out(JSON.stringify(found, null, 2));
    if (found.length === 0) {
      return io.out(`No registered models${name === undefined ? '' : ` named ${name}`} in ${registry.location}.`);
    }
    const metrics = [...new Set(found.flatMap((v) => Object.keys(v.metrics)))];
    const rows = found.map((v) => [
      v.name,
      v.version,
      v.aliases.join(', '),
      new Date(v.registeredAt).toISOString().slice(0, 16).replace('T', ' '),
      ...metrics.map((m) => v.metrics[m] ?? null),
      v.reason ?? '',
    ]);
    const columns = ['model', 'version', 'alias', 'registered', ...metrics, 'reason'];
    for (const line of textTable(columns, rows)) io.out(line);
    if (check)
      io.err(
        `The files of ${found.length === 1 ? 'the version' : `all ${found.length} versions`} are as they were registered.`,
      );
  },
};
