import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defineErrors, isMissing } from '../../kernel/index.ts';
import type { Values } from './settings.ts';

export const metaflowConfigErrors = defineErrors({
  METAFLOW_CONFIG_UNREADABLE: (f: { path: string; problem: string }) =>
    `Metaflow's configuration ${f.path} cannot be read: ${f.problem}. Mend it, or name another with METAFLOW_PROFILE.`,
});

/**
 * The environment, over Metaflow's configuration file: `config.json`, or `config_<METAFLOW_PROFILE>.json`, in METAFLOW_HOME (by default
 * `~/.metaflowconfig`). Throws `METAFLOW_CONFIG_UNREADABLE`.
 */
export function metaflowValues(env: Values): Values {
  const profile = env['METAFLOW_PROFILE'];
  const folder = env['METAFLOW_HOME'] ?? join(homedir(), '.metaflowconfig');
  const path = join(folder, profile === undefined ? 'config.json' : `config_${profile}.json`);
  const fail = (problem: string, cause: unknown): never => {
    throw metaflowConfigErrors.METAFLOW_CONFIG_UNREADABLE({ path, problem }, { cause });
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (isMissing(cause) && profile === undefined) return env;
    fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  const found = Object.entries(parsed as Readonly<Record<string, unknown>>).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return { ...(Object.fromEntries(found) as Values), ...env }; // Texts by name.
}
