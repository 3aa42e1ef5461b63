import { appendFileSync } from 'node:fs';
import { processIo, writeWhole, messageOf } from '../../kernel/index.ts';
import { apiKeys, readKeys } from '../keys.ts';
import { serveWithLog } from '../serve-with-log.ts';

/** What a local deployment's process is told; plain data. */
export interface LocalJob {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly modelFolder: string;
  readonly logFolder: string;
  readonly keysFile: string;
  /** Whether clients need a key too, beside the one that changes the model. */
  readonly isOpen: boolean;
  /** Where it says that it is up, or why it is not. */
  readonly upFile: string;
  readonly textLog: string;
}

/** The process of a local deployment: it outlives the command that started it, and ends by SIGTERM. */
async function main(): Promise<void> {
  // Plain data that the local target wrote for this very file.
  const job = JSON.parse(process.argv[2] ?? '{}') as LocalJob;
  const say = (record: object): void =>
    appendFileSync(job.textLog, `${JSON.stringify({ at: new Date().toISOString(), ...record })}\n`);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  try {
    const keys = apiKeys(await readKeys(job.keysFile));
    const endpoint = await serveWithLog({
      modelFolder: job.modelFolder,
      host: job.host,
      port: job.port,
      endpointName: job.name,
      logFolder: job.logFolder,
      keys: job.isOpen
        ? { refusal: (key, scope, at) => (scope === 'admin' ? keys.refusal(key, scope, at) : undefined) }
        : keys,
      onError: (error, id) => say({ level: 'error', id, error: error instanceof Error ? error.stack : String(error) }),
      onModelChange: (end) => say({ level: 'info', message: 'the trial ended', ...end }),
    });
    say({ level: 'info', message: 'up', url: endpoint.url, model: endpoint.modelVersion });
    await writeWhole(job.upFile, JSON.stringify({ kind: 'up', url: endpoint.url, pid: process.pid }));
    if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    await endpoint.close();
    say({ level: 'info', message: 'down' });
  } catch (error) {
    const problem = messageOf(error);
    say({ level: 'error', message: problem });
    await writeWhole(job.upFile, JSON.stringify({ kind: 'failed', problem }));
    process.exitCode = 1;
  }
}

// A terminal that closes must not take it along.
process.on('SIGHUP', () => undefined);
processIo();
await main();
