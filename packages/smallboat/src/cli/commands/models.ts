import { join, resolve } from 'node:path';
import * as z from 'zod';
import { textTable } from '../../report/index.ts';
import type { Io } from '../../kernel/index.ts';
import type { AliasChange, ModelRegistry, ModelVersion } from '../../tracking/index.ts';
import { CHAMPION, aliasAt, openRegistry, promote, rollback } from '../../tracking/index.ts';
import type { Command } from '../command.ts';
import { usage } from '../command.ts';

const schema = z.object({
  what: z.enum(['list', 'promote', 'rollback', 'history'], 'say list, promote, rollback or history').default('list'),
  model: z.string().optional(),
  version: z.coerce.number().int().positive().optional(),
  alias: z.string().default(CHAMPION),
  reason: z.string().optional(),
  override: z.string().optional(),
  to: z.coerce.number().int().positive().optional(),
  at: z.coerce.date('give a time, as 2026-11-26T10:00:00Z').optional(),
  by: z.string().optional(),
  name: z.string().optional(),
  check: z.boolean().default(false),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat models`: what is registered, which version is the champion, which ones were. */
export const models: Command<typeof schema> = {
  name: 'models',
  summary:
    'List registered models (list), let a version serve that the gate let pass (promote), go back to the one before (rollback), or show what served when (history).',
  example: 'smallboat models --check',
  positionals: ['what', 'model', 'version'],
  schema,
  fromSettings: ['home'],
  flags: {
    name: { type: 'string', short: 'n', help: 'only versions of this model (default: all)' },
    check: { type: 'boolean', help: 'read every file and compare its hash; exit with 1 if one differs' },
    alias: { type: 'string', help: 'the alias to move or to show (default champion)' },
    reason: { type: 'string', help: 'of promote and rollback: why, for the history' },
    by: { type: 'string', help: 'of promote and rollback: who does it (default USER)' },
    override: { type: 'string', help: 'of promote: why a version may serve that the gate did not let pass' },
    to: { type: 'string', help: 'of rollback: the version (default the one that served before)' },
    at: { type: 'string', help: 'of history: only what served at this time' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async run({ what, name, model, check, home, json, ...args }, io) {
    const registry = await openRegistry({ folder: join(resolve(io.cwd, home), 'models'), env: io.env });
    if (what !== 'list') return act(registry, { what, model: model ?? name, json, ...args }, io);
    const found: ModelVersion[] = [];
    const wanted = model ?? name;
    for (const each of wanted === undefined ? await registry.models() : [wanted]) {
      found.push(...(await registry.versions(each)));
    }
    if (check) for (const { name: of, version } of found) await registry.version(of, version);
    if (json) return io.out(JSON.stringify(found, null, 2));
    if (found.length === 0) {
      return io.out(`No registered models${wanted === undefined ? '' : ` named ${wanted}`} in ${registry.location}.`);
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

interface Action extends Omit<z.infer<typeof schema>, 'what' | 'name' | 'model' | 'check' | 'home'> {
  readonly what: 'promote' | 'rollback' | 'history';
  readonly model: string | undefined;
}

async function act(registry: ModelRegistry, action: Action, io: Io): Promise<void> {
  const { what, model, version, alias, to, at, json, by = io.env['USER'] } = action;
  if (model === undefined) throw usage(models, `Name the model: smallboat models ${what} <model>`);
  if (what === 'history') return history(await registry.aliasHistory(model), { alias, at, json, model }, io);
  if (what === 'promote' && version === undefined) {
    throw usage(models, `Name the version: smallboat models promote ${model} <version>`);
  }
  const { reason, override } = action;
  const note = { alias, ...(reason === undefined ? {} : { reason }), ...(by === undefined ? {} : { by }) };
  const now =
    what === 'promote' && version !== undefined
      ? await promote(registry, model, version, { ...note, ...(override === undefined ? {} : { override }) })
      : await rollback(registry, model, { ...note, ...(to === undefined ? {} : { to }) });
  if (json) return io.out(JSON.stringify(now, null, 2));
  io.out(`${model}: ${alias} is version ${now.version}. An endpoint that is up follows when it is started again.`);
}

function history(
  changes: readonly AliasChange[],
  { alias, at, json, model }: Pick<Action, 'alias' | 'at' | 'json'> & { readonly model: string },
  io: Io,
): void {
  const own = changes.filter((change) => change.alias === alias);
  if (at !== undefined) {
    const then = aliasAt(own, alias, at.getTime());
    if (json) return io.out(JSON.stringify(then ?? null, null, 2));
    return io.out(
      then === undefined
        ? `${model}: nothing was ${alias} at ${at.toISOString()}.`
        : `${model}: version ${then.version} was ${alias} at ${at.toISOString()}, since ${new Date(then.at).toISOString()}.`,
    );
  }
  if (json) return io.out(JSON.stringify(own, null, 2));
  if (own.length === 0) return io.out(`${model}: nothing was ${alias} yet.`);
  const rows = own.map((change) => [
    new Date(change.at).toISOString(),
    change.kind ?? 'promote',
    change.version ?? 'none',
    change.by ?? '',
    change.reason ?? '',
  ]);
  for (const line of textTable(['at', 'what', 'version', 'by', 'reason'], rows)) io.out(line);
}
