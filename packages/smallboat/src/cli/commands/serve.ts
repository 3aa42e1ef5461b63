import { join, resolve } from 'node:path';
import * as z from 'zod';
import { serveWithLog } from '../../serving/index.ts';
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
    home: { type: 'string', help: 'folder of Smallboat (default .smallboat)' },
    json: { type: 'boolean', help: 'print where it listens as JSON' },
  },
  async run(args, io) {
    const home = resolve(io.cwd, args.home);
    const modelFolder =
      args.folder === undefined
        ? (await (await openRegistry({ folder: join(home, 'models'), env: io.env })).version(args.model, args.version))
            .folder
        : resolve(io.cwd, args.folder);
    const logFolder = args.log === undefined ? join(home, 'monitoring', 'predictions') : resolve(io.cwd, args.log);
    await using endpoint = await serveWithLog({
      modelFolder,
      host: args.host,
      port: args.port,
      endpointName: args.name ?? args.model,
      ...(args['no-log'] ? {} : { logFolder }),
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
    await stopped;
    io.err('Answering what is under way, then stopping.');
  },
};
