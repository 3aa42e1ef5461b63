import { openTelemetry } from '../../telemetry/index.ts';
import { containerErrors, containerSettings } from './container-settings.ts';
import { serveContainer } from './serve-container.ts';

/** The program of the container: SageMaker starts it as `<entrypoint> serve`. */
async function main(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGINT', () => stop.abort());
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const [argument = 'serve'] = process.argv.slice(2);
    if (argument !== 'serve') throw containerErrors.CONTAINER_CALLED_WRONGLY({ argument });
    const settings = containerSettings(process.env);
    await using telemetry = openTelemetry({ env: process.env, serviceName: settings.endpointName, warn: write });
    const endpoint = await serveContainer({ ...settings, write, ...(telemetry === undefined ? {} : { telemetry }) });
    write(JSON.stringify({ kind: 'up', url: endpoint.url, model: endpoint.modelVersion }));
    if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
    await endpoint.close();
    write(JSON.stringify({ kind: 'down' }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
}

await main();
