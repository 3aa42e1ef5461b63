import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from '../../kernel/index.ts';
import type { ValidationResult } from '../run/result.ts';
import type { CheckpointValidation } from './checkpoint-result.ts';

/**
 * Figures of other validations by the names that suites have for them:
 * `urn:great_expectations:validations:<suite>:<expectation>.result.<field>:column=<name>`, or
 * `…:<suite>:statistics.<field>`. Looked for among those of this checkpoint, and then in the results of the latest run that
 * are in the folder. Undefined where there is none.
 */
export function metricOf(validations: readonly CheckpointValidation[], folder: string): (urn: string) => unknown {
  return (urn) => {
    const [suite = '', path = '', domain] = urn
      .replace(/^urn:great_expectations:(?:validations|stores):/, '')
      .split(':');
    const results =
      validations.map((v) => v.result).findLast((result) => result.suite_name === suite) ?? latest(folder, suite);
    return results === undefined ? undefined : valueAt(results, path, domain);
  };
}

function valueAt(result: ValidationResult, path: string, domain: string | undefined): unknown {
  const [head = '', ...rest] = path.split('.');
  if (head === 'statistics') return walk(result.statistics, rest);
  const [key, value] = (domain ?? '').split('=');
  const found = result.results.find(({ expectation_config: { type, kwargs } }) => {
    if (type !== head) return false;
    return key === undefined || key === '' || String(kwargs[key]) === (value ?? '').replace(/^["']|["']$/g, '');
  });
  return found === undefined ? undefined : walk(found, rest);
}

function walk(from: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined,
    from,
  );
}

/** The latest stored result of a suite: runs are looked through from the newest. */
function latest(folder: string, suite: string): ValidationResult | undefined {
  const root = join(folder, 'results');
  const runs = names(root)
    .map((run) => ({ run, at: statSync(join(root, run)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { run } of runs) {
    for (const file of names(join(root, run))) {
      // Written by `runCheckpoint`, whole or not at all.
      const result = JSON.parse(readFileSync(join(root, run, file), 'utf8')) as ValidationResult;
      if (result.suite_name === suite) return result;
    }
  }
  return undefined;
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
