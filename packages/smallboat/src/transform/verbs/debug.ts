import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SmallboatError } from '../../kernel/index.ts';
import { DBT_VERSION } from '../context/invocation.ts';
import { loadProject } from '../load.ts';
import type { VerbOptions } from './session.ts';
import { openTarget } from './open-target.ts';

export interface Check {
  readonly what: string;
  readonly isOk: boolean;
  /** What was found, or what is wrong. */
  readonly detail: string;
}

const SECRETS = /pass|token|secret|private_key/i;

/** Looks whether the project, its profile and its warehouse can be used; a check that fails ends the list. */
export async function debug(options: VerbOptions & { readonly project: string }): Promise<Check[]> {
  const folder = resolve(options.project);
  const checks: Check[] = [
    { what: 'node', isOk: true, detail: process.version },
    { what: 'follows dbt-core', isOk: true, detail: DBT_VERSION },
  ];
  const file = join(folder, 'dbt_project.yml');
  checks.push({ what: 'dbt_project.yml', isOk: existsSync(file), detail: file });
  try {
    const project = await loadProject(options.project, options);
    const { target, adapter, packages } = project.invocation;
    checks.push({ what: 'profiles.yml', isOk: true, detail: target.file ?? 'none; the warehouse is given' });
    checks.push({
      what: 'target',
      isOk: true,
      detail: `${target.profile}.${target.name}, type ${adapter.type}, schema ${target.schema}, ${target.threads} thread(s)`,
    });
    for (const [key, value] of Object.entries(target.credentials)) {
      if (key === 'type' || key === 'schema') continue;
      checks.push({ what: `  ${key}`, isOk: true, detail: SECRETS.test(key) ? '…' : JSON.stringify(value) });
    }
    checks.push({
      what: 'packages',
      isOk: true,
      detail: [...packages.keys()].filter((name) => name !== project.root.name).join(', ') || 'none',
    });
    checks.push({ what: 'nodes', isOk: true, detail: String(project.manifest.nodes.size) });
    await using warehouse = await openTarget(project, options);
    await warehouse.query('select 1 as id');
    checks.push({ what: 'connection', isOk: true, detail: warehouse.location });
  } catch (error) {
    if (!(error instanceof SmallboatError)) throw error;
    checks.push({ what: error.code, isOk: false, detail: error.message });
  }
  return checks;
}
