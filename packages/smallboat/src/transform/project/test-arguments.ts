const TEST_CONFIG = [
  'severity',
  'tags',
  'enabled',
  'where',
  'limit',
  'warn_if',
  'error_if',
  'fail_calc',
  'store_failures',
  'store_failures_as',
  'meta',
  'database',
  'schema',
  'alias',
];

/** Takes apart what a test's macro is given and what configures the test. */
export function splitArguments(all: Readonly<Record<string, unknown>>): {
  readonly given: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
} {
  const { config, name, description: _description, ...rest } = all;
  const isConfig = ([key]: readonly [string, unknown]): boolean => TEST_CONFIG.includes(key);
  const entries = Object.entries(rest);
  return {
    given: Object.fromEntries(entries.filter((entry) => !isConfig(entry))),
    config: { ...Object.fromEntries(entries.filter(isConfig)), ...(typeof config === 'object' ? config : {}) },
    name: typeof name === 'string' ? name : undefined,
  };
}
