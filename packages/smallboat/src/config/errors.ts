import { defineErrors } from '../kernel/index.ts';

export const configErrors = defineErrors({
  CONFIG_INVALID: (f: { path: string; problem: string }) =>
    `${f.path} does not hold a configuration: ${f.problem}. It should export \`config = defineConfig({ profiles: { local: {} } })\`.`,
  PROFILE_UNKNOWN: (f: { profile: string; known: string }) =>
    `There is no profile '${f.profile}'; the configuration has: ${f.known}. Set SMALLBOAT_PROFILE to one of them.`,
});
