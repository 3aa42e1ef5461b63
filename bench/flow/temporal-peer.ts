/** A worker as Temporal's users write it, with no more in it than `temporal.ts` measures: `node temporal-peer.ts ADDRESS`. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = '127.0.0.1:7233'] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue: 'peer',
  workflowsPath: fileURLToPath(new URL('./temporal-peer-workflows.ts', import.meta.url)),
  activities: { add: (n: number) => Promise.resolve(n + 1), square: (x: number) => Promise.resolve(x * x) },
  maxConcurrentActivityTaskExecutions: 2,
});
process.stdout.write('ready\n');
await worker.run();
