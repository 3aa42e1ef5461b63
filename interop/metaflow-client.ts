import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { python } from './python.ts';

/** What has Metaflow keep its runs in a folder, whatever else this machine says of it. */
export function metaflowEnv(folder: string): Readonly<Record<string, string>> {
  return {
    METAFLOW_HOME: join(folder, 'no-config'),
    METAFLOW_DATASTORE_SYSROOT_LOCAL: folder,
    METAFLOW_DEFAULT_METADATA: 'local',
    METAFLOW_DEFAULT_DATASTORE: 'local',
    METAFLOW_USER: 'ada',
    USERNAME: 'ada',
  };
}

/** Runs a program with Metaflow's client on the runs of a folder, and parses the JSON that it prints last. */
export async function askMetaflow(folder: string, program: string, args: readonly string[] = []): Promise<unknown> {
  const path = join(folder, 'program.py');
  await writeFile(path, program);
  const printed = await python('metaflow', [path, ...args], { cwd: folder, env: metaflowEnv(folder) });
  return JSON.parse(printed.trimEnd().split('\n').at(-1) ?? '');
}
