import { messageOf } from '../../kernel/index.ts';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { Io } from '../../kernel/index.ts';
import { apiKeys, readKeys, serveWithLog } from '../../serving/index.ts';
import { openTelemetry } from '../../telemetry/index.ts';
import type { Endpoint } from '../../serving/index.ts';
import type { ModelRegistry } from '../../tracking/index.ts';
import { CHAMPION, openRegistry } from '../../tracking/index.ts';
import type { Command } from '../command.ts';
import { untilStopped } from '../until-stopped.ts';

const schema = z.object({
  model: z.string().default('intent'),
  version: z.string().default(CHAMPION),
  folder: z.string().optional(),
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65_535).default(8080),
  name: z.string().min(1).optional(),
  log: z.string().optional(),
  'no-log': z.boolean().default(false),
  keys: z.string().optional(),
  cors: z.array(z.string().min(1)).optional(),
  follow: z.coerce.number().min(0.1).optional(),
  'access-log': z.boolean().default(false),
  home: z.string().default('.smallboat'),
  json: z.boolean().default(false),
});

/** `smallboat serve`: the endpoint in the foreground, until Ctrl-C or SIGTERM. */
export const serve: Command<typeof schema> = {
  name: 'serve',
  summary: 'Answer predictions over HTTP with a registered model, until Ctrl-C.',
  example: 'smallboat serve --port 8080',
  schema,
  fromSettings: ['home'],
  flags: {
    model: { type: 'string', short: 'm', help: 'registered model (default intent)' },
    version: { type: 'string', help: `its version or alias (default ${CHAMPION})` },
    folder: { type: 'string', short: 'f', help: 'a model folder, in place of a registered model' },
    host: { type: 'string', help: 'address to listen on (default 127.0.0.1: this machine only)' },
    port: { type: 'string', short: 'p', help: 'port, 0 for any free one (default 8080)' },
    name: { type: 'string', short: 'n', help: "name of the endpoint in answers and the log (default: the model's)" },
    log: { type: 'string', help: 'folder of the prediction log (default <home>/monitoring/predictions)' },
    'no-log': { type: 'boolean', help: 'keep no prediction log' },
    keys: { type: 'string', help: "file of API keys, made by 'smallboat keys'; without it anybody may ask" },
    cors: { type: 'string', multiple: true, help: 'origin of pages that may read the answers, or *; may be repeated' },
    follow: { type: 'string', help: 'look every so many seconds whether the alias points elsewhere, and change to it' },
    'access-log': { type: 'boolean', help: 'print each request as a line of JSON to the error output' },
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print where it listens as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const registry = await openRegistry({ folder: join(home, 'models'), env: io.env });
    const registered = args.folder === undefined ? await registry.version(args.model, args.version) : undefined;
    const modelFolder = registered?.folder ?? resolve(io.cwd, args.folder ?? '');
    const keys = args.keys === undefined ? undefined : apiKeys(await readKeys(resolve(io.cwd, args.keys)));
    const logFolder = args.log === undefined ? join(home, 'monitoring', 'predictions') : resolve(io.cwd, args.log);
    await using telemetry = openTelemetry({
      env: io.env,
      serviceName: args.name ?? args.model,
      warn: (problem) => io.err(problem),
    });
    await using endpoint = await serveWithLog({
      modelFolder,
      ...(telemetry === undefined ? {} : { telemetry }),
      host: args.host,
      port: args.port,
      endpointName: args.name ?? args.model,
      ...(args['no-log'] ? {} : { logFolder }),
      ...(keys === undefined ? {} : { keys }),
      ...(args.cors === undefined ? {} : { cors: { origins: args.cors.includes('*') ? '*' : args.cors } }),
      ...(args['access-log'] ? { onRequest: (entry) => io.err(JSON.stringify(entry)) } : {}),
      onModelChange: (end) => io.err(JSON.stringify(end)),
      onError: (error, id) =>
        io.err(`${id} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    });
    // Before the first line is out: whoever reads it may stop us at once.
    const stopped = untilStopped();
    const { url, name, modelVersion } = endpoint;
    const log = args['no-log'] ? null : logFolder;
    if (args.json) io.out(JSON.stringify({ url, endpoint: name, model: modelVersion, log }));
    else {
      io.out(`Endpoint ${name} (model ${modelVersion}) answers at ${url}`);
      io.out(`Try: curl '${url}/predict?session=view,detail,add'`);
      io.err(log === null ? 'Predictions are not logged.' : `Predictions are logged in ${log}.`);
    }
    const following =
      args.follow !== undefined && registered !== undefined
        ? followAlias({ endpoint, registry, name: args.model, alias: args.version, since: registered.version, io })
        : undefined;
    const timer = following === undefined ? undefined : setInterval(() => void following(), (args.follow ?? 0) * 1000);
    await stopped;
    clearInterval(timer);
    io.err('Answering what is under way, then stopping.');
  },
};

interface Following {
  readonly endpoint: Endpoint;
  readonly registry: ModelRegistry;
  readonly name: string;
  readonly alias: string;
  /** The version that the endpoint began with. */
  readonly since: number;
  readonly io: Io;
}

/** Looks once whether the alias points to another version than before, and changes to it. What goes wrong is said, and tried again. */
function followAlias({ endpoint, registry, name, alias, since, io }: Following): () => Promise<void> {
  let current = since;
  let isBusy = false;
  return async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      const { version, folder } = await registry.version(name, alias);
      if (version === current) return;
      const { model } = await endpoint.swap(folder);
      current = version;
      io.err(`${name} ${version} (model ${model}) answers from now on.`);
    } catch (error) {
      io.err(`Not changed: ${messageOf(error)}`);
    } finally {
      isBusy = false;
    }
  };
}
