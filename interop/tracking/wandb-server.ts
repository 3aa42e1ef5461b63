import { once } from 'node:events';
import { createServer } from 'node:http';

/** What a stand-in for W&B's service has of one run. */
export interface UploadedRun {
  config: Record<string, unknown>;
  displayName: string;
  readonly history: Record<string, number | string>[];
  /** Content by name. */
  readonly files: Record<string, string>;
  exitCode: number | null;
}

export interface WandbServer extends AsyncDisposable {
  readonly url: string;
  /** By `project/run`. */
  readonly runs: Record<string, UploadedRun>;
}

interface Variables {
  readonly name?: string;
  readonly run?: string;
  readonly project?: string;
  readonly displayName?: string;
  readonly config?: string;
  readonly files?: readonly string[];
}

/** Takes the calls of `wandb sync` as W&B's service does. Lines of the history count by their offset: what comes twice is there once. */
export async function startWandb(): Promise<WandbServer> {
  const runs: WandbServer['runs'] = {};
  const runOf = (project = '', run = ''): UploadedRun =>
    (runs[`${project}/${run}`] ??= { config: {}, displayName: '', history: [], files: {}, exitCode: null });
  let url = '';

  const graphql = (operation: string, variables: Variables): object => {
    const { project, files = [] } = variables;
    if (operation === 'UpsertBucket') {
      const run = runOf(project, variables.name);
      Object.assign(run.config, JSON.parse(variables.config ?? '{}'));
      run.displayName = variables.displayName ?? run.displayName;
      const bucket = { id: 'b', name: variables.name, displayName: run.displayName, config: '{}', historyLineCount: 0 };
      return {
        upsertBucket: {
          bucket: { ...bucket, project: { id: 'p', name: project, entity: { id: 'e', name: 'me' } } },
          inserted: true,
        },
      };
    }
    if (operation === 'CreateRunFiles') {
      const to = (name: string): string =>
        `${url}/put/${encodeURIComponent(`${project}/${variables.run}`)}/${encodeURIComponent(name)}`;
      return {
        createRunFiles: { runID: 'b', uploadHeaders: [], files: files.map((name) => ({ name, uploadUrl: to(name) })) },
      };
    }
    return {};
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const path = (request.url ?? '').split('/').map(decodeURIComponent);
      let answer: object = {};
      if (path[1] === 'graphql') {
        const { operationName, query, variables } = JSON.parse(body) as {
          readonly operationName?: string;
          readonly query: string;
          readonly variables: Variables;
        };
        const operation = operationName ?? /(?:query|mutation)\s+(\w+)/.exec(query)?.[1] ?? '';
        answer = { data: graphql(operation, variables) };
      } else if (path[1] === 'put') {
        (runs[path[2] ?? ''] ?? runOf()).files[path[3] ?? ''] = body;
      } else if (path[5] === 'file_stream') {
        const run = runOf(path[3], path[4]);
        const { files, exitcode } = JSON.parse(body) as {
          readonly files?: Readonly<Record<string, { readonly offset: number; readonly content: readonly string[] }>>;
          readonly exitcode?: number;
        };
        const history = files?.['wandb-history.jsonl'];
        history?.content.forEach((line, i) => {
          run.history[history.offset + i] = JSON.parse(line.replaceAll(/:(NaN|-?Infinity)/g, ':"$1"')) as Record<
            string,
            number
          >;
        });
        run.exitCode = exitcode ?? run.exitCode;
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url,
    runs,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
