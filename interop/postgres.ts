import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ServerProcess } from './server.ts';
import { freePort, serverProcess } from './server.ts';

const run = promisify(execFile);

/** A PostgreSQL server of its own: port, folder and password are made for it, and gone with it. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** `postgres://user@host:port`, to which `/database` is added. It holds no password. */
  readonly url: string;
  /** Environment for clients: PGPASSWORD. */
  readonly env: Readonly<Record<string, string>>;
  /** Makes an empty database. @returns its name. */
  database(): Promise<string>;
  /** Runs a program of PostgreSQL's as its user: `psql`, `pg_dump`. @returns what it printed. */
  psql(database: string, sql: string): Promise<string>;
  /** Stops it in the middle of whatever it does, and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts Debian's `postgresql` as a user without rights (it refuses to run as root). Takes a second; share one between the
 * tests of a file and give each test a database of its own.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = await programs();
  const asUser = await unprivileged();
  const folder = await mkdtemp('/tmp/smallboat-postgres-');
  const password = randomBytes(12).toString('hex');
  const secret = join(folder, 'password');
  await writeFile(secret, password);
  for (const path of [folder, secret]) await chown(path, asUser.uid, asUser.gid);
  const data = join(folder, 'data');
  const user = 'boatswain';
  const init = ['-D', data, '-U', user, '--auth=scram-sha-256', `--pwfile=${secret}`, '--encoding=UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), [...init, '--no-sync'], { ...asUser, cwd: folder });
  const port = await freePort();
  const host = '127.0.0.1';
  const env = { PGPASSWORD: password };
  const settings = ['fsync=off', 'max_connections=60', `unix_socket_directories=${folder}`, `listen_addresses=${host}`];
  const start = (): Promise<ServerProcess> =>
    serverProcess(
      join(bin, 'postgres'),
      ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      {
        ...asUser,
        cwd: folder,
        stopSignal: 'SIGQUIT', // at once: clients hear nothing, as in a crash
        ready: async () => {
          const args = ['-h', host, '-p', String(port), '-U', user, '-d', 'postgres'];
          return run(join(bin, 'pg_isready'), args).then(
            () => true,
            () => false,
          );
        },
      },
    );
  let server = await start();
  const psql = async (database: string, sql: string): Promise<string> => {
    const args = ['-h', host, '-p', String(port), '-U', user, '-d', database, '-XAtq', '-v', 'ON_ERROR_STOP=1'];
    const { stdout } = await run(join(bin, 'psql'), [...args, '-c', sql], { env: { ...process.env, ...env } });
    return stdout;
  };
  let databases = 0;
  const stop = async (): Promise<void> => server[Symbol.asyncDispose]();
  return {
    host,
    port,
    user,
    password,
    url: `postgres://${user}@${host}:${port}`,
    env,
    psql,
    stop,
    async database() {
      const name = `test_${++databases}`;
      await psql('postgres', `CREATE DATABASE ${name}`);
      return name;
    },
    async restart() {
      await stop();
      server = await start();
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function programs(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const newest = versions.map(Number).sort((a, b) => b - a)[0];
  if (newest === undefined) throw new Error(`${root} is empty: run scripts/install-interop.sh`);
  return join(root, String(newest), 'bin');
}

/** Who the server runs as: root makes it the user that Debian's package brings, everyone else is that already. */
async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number }> {
  const { uid, gid } = userInfo();
  if (uid !== 0) return { uid, gid };
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
