import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { exclusive, messageOf } from '../packages/smallboat/src/kernel/index.ts';
import { startRemoteSystems } from '../interop/remote-systems.ts';

/**
 * `npm run remote:up`: starts all that the profile `remote` uses on this machine, and stops it at Ctrl-C. With a command behind `--`
 * it runs that in their environment, and stops them when it ends: `npm run remote:up -- npm start -- --profile remote`.
 */

const root = join(import.meta.dirname, '..');
const file = join(root, '.smallboat/remote.env');
// npm takes one `--` away.
const command = process.argv.slice(process.argv[2] === '--' ? 3 : 2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`;
const exports = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`);

try {
  // One at a time writes the file.
  await using _ = command.length === 0 ? await exclusive(`${file}.lock`, '`npm run remote:up`') : undefined;
  say('Starting; the first time it makes Python environments, which takes minutes.');
  await using up = await startRemoteSystems(say);
  if (command.length > 0 && !stop.signal.aborted) process.exitCode = await run(command, up.env);
  else if (!stop.signal.aborted) {
    const text = [
      ...exports(up.env),
      '# Snowflake in place of PostgreSQL:',
      ...exports(up.snowflake).map((line) => `# ${line}`),
    ];
    rmSync(file, { force: true });
    writeFileSync(file, `${text.join('\n')}\n`, { mode: 0o600 });
    const width = Math.max(...up.systems.map(({ name }) => name.length)) + 2;
    const places = Math.max(...up.systems.map(({ where }) => where.length)) + 2;
    say('');
    for (const { name, where, is } of up.systems) say(`${name.padEnd(width)}${where.padEnd(places)}${is}`);
    say('');
    say('In another terminal, in the root of the repository:');
    say('  . .smallboat/remote.env');
    say('  npm start -- --profile remote --rows 300000 --seed 2');
    say('Ctrl-C here stops all of it, and what is in it is gone.');
    await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
    rmSync(file, { force: true });
  }
  say('Stopping.');
} catch (error) {
  say(messageOf(error));
  process.exitCode = 1;
}

/** @returns its exit code, as a shell tells it. */
async function run([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const onStop = (): void => void child.kill('SIGTERM');
  stop.signal.addEventListener('abort', onStop, { once: true });
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } catch (error) {
    say(`${program} cannot be started: ${String(error)}`);
    return 127;
  }
}
